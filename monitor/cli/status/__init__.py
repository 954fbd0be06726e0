"""What a running daemon knows, in the terminal.

In come the answers of its API (`client`); out goes text: printed once (`view`), or as a screen that lives (`watch`).
"""
