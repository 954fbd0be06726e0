"""The pages for people. In come the values behind the API; out goes HTML that is complete without a script."""
