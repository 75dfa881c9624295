// The TypeScript SDK 1.x, as its README shows a client.

import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { SSEClientTransport } from "@modelcontextprotocol/sdk/client/sse.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { DEFAULT_REQUEST_TIMEOUT_MSEC } from "@modelcontextprotocol/sdk/shared/protocol.js";
import { report, task } from "./client_task.mjs";

const transports = {
  stdio: () => new StdioClientTransport({ command: task.command, args: task.args }),
  sse: () => new SSEClientTransport(new URL(task.url)),
  http: () => new StreamableHTTPClientTransport(new URL(task.url)),
};

const client = new Client({ name: "typescript-sdk-1", version: "1.0.0" });
await client.connect(transports[task.transport]());
const { tools } = await client.listTools();
const given = {};
for (const { name, tool, arguments: args } of task.questions) {
  given[name] = await client.callTool({ name: tool, arguments: args });
}
await client.close();
const notes = [`ends a call after ${DEFAULT_REQUEST_TIMEOUT_MSEC / 1000} s`];
report(tools.map((tool) => tool.name), given, { notes });
