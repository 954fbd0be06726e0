"""Real services for the tests, and blocks to feed them.

In: programs that the machine has or that `make services` fetched. Out: running nodes and servers on 127.0.0.1 with free
ports and a folder of their own, and regtest blocks whose coinbase says what a test wants it to say.
"""
