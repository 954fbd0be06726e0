"""The wire to a Bitcoin node: JSON-RPC, REST, ZMQ. Knows bytes and answers, not what they mean.

In goes a question; out comes the answer, or one of three errors: away (wait), busy (ask again), refused (act).
"""
