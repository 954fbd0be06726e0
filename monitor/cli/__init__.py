"""The commands: arguments in, exit code out. What a command does is in the other packages."""
