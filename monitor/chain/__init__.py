"""Which blocks come and go.

In goes a node that can be asked; out come plans: blocks to leave, blocks to join, in order, each joined to its parent.
"""
