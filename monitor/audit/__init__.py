"""The audit: compares each block with what the node would have mined.

In come templates, the times at which the node first had a transaction, and whole blocks; out goes a verdict on each
transaction. All but the observer is functions of values.
"""
