"""The Blaxel API. `call`, `jobs`, `wire` and `retry` are values and plain functions; `client` alone awaits."""
