"""One Bitcoin node: JSON-RPC, REST, ZMQ and its block files.

In go requests; out come answers, or one of three errors: away (wait), busy (ask again), refused (a person must act).
"""
