"""The concentration of the AI economy, by the indices of mining, and the comparison of both.

Inputs are files of public sources, shipped, fetched or given by hand, which each source reads into observations. The
output is an `EconomyView`: indices with intervals, trends and verdicts per layer. I/O is in `fetch`, `update`,
`offline` and `keeper`.
"""
