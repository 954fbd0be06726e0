"""pool-monitor: who mines Bitcoin, how concentrated is it, and how sure can we be.

A block enters at `node` and leaves at `outputs`; `pipeline` connects the two.
"""

__version__ = "0.1.0"
