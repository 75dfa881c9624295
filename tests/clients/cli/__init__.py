"""Assistants on the command line, each set up as its user would, with a scripted model on loopback."""
