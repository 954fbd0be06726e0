"""How concentrated mining is. Pure: integers in, numbers out; no blocks, no number.

In go the blocks of the best chain, each with its pool; out come shares, indices and intervals per level and window.
"""
