"""HTTP: metrics, health, JSON API and a page.

In come requests; out goes what the hub knows now, and what the store remembers, through a small protocol.
"""
