"""Blocks to counts: the columns kept of each block, the windows, the levels, and the shares in them."""
