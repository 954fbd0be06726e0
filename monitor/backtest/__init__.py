"""Which alerts a set of rules would have raised over stored or simulated history.

In: rules and blocks. Out: every alert with its beginning and end.
"""
