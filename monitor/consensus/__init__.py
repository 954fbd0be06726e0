"""Consensus rules that can be checked without transactions: work, difficulty, time, merkle root, identity of a chain.

In come headers, coinbases and what a node says about itself; out go verdicts with reasons. Pure.
"""
