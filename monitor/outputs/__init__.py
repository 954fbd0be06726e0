"""Where numbers leave: each output reads the hub's frozen snapshot and knows no other room."""
