"""Sign-in with an authorization server that somebody else runs: this server is an OAuth resource server (RFC 9728).

`authenticator` checks the Authorization header; `tokens` verifies access tokens, purely; `issuer` fetches the keys to
verify with; `step_up` asks for another scope where a call changes something.
"""
