"""Where everything is put together: one file for each thing the program does. The only room that knows all others."""
