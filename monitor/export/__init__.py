"""Stored blocks and the history of indices, written to files.

In: a range of heights. Out: CSV or Parquet, a row per block; or OpenMetrics for Prometheus.
"""
