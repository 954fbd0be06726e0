"""Custody: follows the outputs of stored coinbases to the transactions that spend them.

In go whole blocks and the coinbases that are known; out come spends. What they say about who holds the money is in
`analysis.groups`.
"""
