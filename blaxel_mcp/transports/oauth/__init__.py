"""Sign-in with an authorization server that somebody else runs: this server is an OAuth resource server (RFC 9728).

`door` is what a request meets; `tokens` verifies, purely; `issuer` fetches the keys to verify with; `step_up` asks for
one scope more where a call changes something.
"""
