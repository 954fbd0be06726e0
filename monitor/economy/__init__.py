"""The concentration of the AI economy, by the indices of mining, and the comparison of both.

In go files of public sources, shipped, fetched or given by hand; each source reads its own into observations.
Out comes an `EconomyView`: indices with bounds, trends and verdicts per layer. I/O is in `fetch`, `update`, `keeper`.
"""
