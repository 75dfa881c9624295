"""An embedded, scripted Blaxel control plane: for `blaxel-mcp demo`, for `--demo`, and for the tests.

It imports nothing of the rest of the program on purpose: it is a second opinion on the wire format. If it shared
the program's models, a mistake in them would pass every test.
"""
