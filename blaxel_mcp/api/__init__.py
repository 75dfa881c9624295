"""The Blaxel API. `call`, `jobs`, `wire` and `retry` are plain functions and values; `client` alone awaits the network."""
