"""`blaxel-mcp setup`: how each client is told of this server, and the files, links and bundles that tell it."""
