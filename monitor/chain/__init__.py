"""Which blocks connect and disconnect.

In goes a node; out come plans: blocks to disconnect and blocks to connect, in order, each on its parent.
"""
