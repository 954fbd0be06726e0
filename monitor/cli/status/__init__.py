"""The state of a running daemon in the terminal.

In: responses of its API (`client`). Out: text that is printed once (`view`), or a live screen (`watch`).
"""
