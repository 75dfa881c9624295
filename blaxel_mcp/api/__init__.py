"""The Blaxel API.

`call`, `jobs`, `logs`, `wire`, `retry`, `tokens` and `callers` are values and plain functions. Three modules await:
`client` sends calls, `auth` signs requests and renews tokens, `pool` makes the round trips.
"""
