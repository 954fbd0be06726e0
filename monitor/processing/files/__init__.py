"""Files of blocks that other programs have written: what they call their columns, pools and times.

In: CSV, TSV, JSON or Parquet. Out: rows for counting, lowest block first, and what had to be assumed.
"""

from monitor.processing.files.blocks import BlockFile, FileOptions, read

__all__ = ["BlockFile", "FileOptions", "read"]
