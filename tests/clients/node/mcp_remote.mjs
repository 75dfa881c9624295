// mcp-remote gives a client of stdio the server's address over HTTP, as its README has Claude Desktop use it.

import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { report, task } from "./client_task.mjs";
import { ask } from "./sdk_client.mjs";

const strategy = { sse: "sse-only", http: "http-only" }[task.transport];
const bridge = `${task.folder}/node_modules/mcp-remote/dist/proxy.js`;
const { tools, given } = await ask(
  new StdioClientTransport({
    command: task.node,
    args: [bridge, task.url, "--transport", strategy],
    env: { ...process.env },
    stderr: "inherit",
  }),
);
report(tools, given);
