"""Who builds templates together, and who holds money together: evidence about pairs of pools, and the groups."""
