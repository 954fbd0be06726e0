"""The stratum watch: what pools announce to miners, read by a miner that never submits.

In come lines of servers that are not trusted, and where our nodes are; out go rounds, one for each block, and the work
of each pool now. `messages.py` and `session.py` decode, `rounds.py` compares, `connection.py` and `watch.py` do I/O.
"""
