"""A model that does what a script says, for clients that let their model's address be set.

A real HTTP server on loopback speaks the APIs that clients ask models over. It calls the tools of a script, one a turn,
by the names that the client offers them under, and keeps what it was sent: that is what a model sees of an answer.
"""
