"""A small Bitcoin node inside the process, for `demo` and for tests.

In goes a list of who mined when; out comes a loopback server that answers the RPC, REST and ZMQ calls of a real node.
"""
