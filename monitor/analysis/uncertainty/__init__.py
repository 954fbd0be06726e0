"""How sure a number is: intervals, posteriors, ranges over memberships, and tests for changes and trends."""
