"""HTTP: the JSON API, /metrics, and the pages, on one port.

In come requests; out go the numbers of the hub, and the stored blocks through small protocols.
"""
