// The TypeScript SDK 2.x, as its documentation shows a client of both protocol eras.

import { Client, SSEClientTransport, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { report, task } from "./client_task.mjs";

const transports = {
  stdio: () => new StdioClientTransport({ command: task.command, args: task.args }),
  sse: () => new SSEClientTransport(new URL(task.url)),
  http: () => new StreamableHTTPClientTransport(new URL(task.url)),
};

const client = new Client(
  { name: "typescript-sdk-2", version: "1.0.0" },
  { versionNegotiation: { mode: "auto" } },
);
await client.connect(transports[task.transport]());
const { tools } = await client.listTools();
const given = {};
for (const { name, tool, arguments: args } of task.questions) {
  given[name] = await client.callTool({ name: tool, arguments: args });
}
await client.close();
report(tools.map((tool) => tool.name), given);
