"""The picture of an execution that `blaxel-mcp get` draws on a terminal, with Rich; nothing else imports this package.

`draw` makes it of a view and a size, `Screen` shows it and keeps it up to date. Shape stands beside every colour, and
whatever comes from the API is text, never Rich's markup.
"""
