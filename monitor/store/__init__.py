"""What the daemon remembers: blocks by hash, their coinbases, who mined them, which of them went stale.

In goes a plan with its attributions, as one transaction; out come the blocks of the best chain, and where it ends.
"""
