// supergateway turns the server over stdio into one over Streamable HTTP and SSE, and those over HTTP into stdio.

import { spawn } from "node:child_process";
import { createServer } from "node:net";
import { SSEClientTransport } from "@modelcontextprotocol/sdk/client/sse.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { report, task } from "./client_task.mjs";
import { ask } from "./sdk_client.mjs";

const gateway = `${task.folder}/node_modules/supergateway/dist/index.js`;

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function served(output, path, connect) {
  const port = await freePort();
  const command = [task.command, ...task.args].map((part) => `"${part}"`).join(" ");
  const args = [gateway, "--stdio", command, "--outputTransport", output, "--port", String(port)];
  const gate = spawn(task.node, args, { stdio: ["ignore", "pipe", "inherit"] });
  await new Promise((resolve) => gate.stdout.on("data", (said) => /listening/i.test(said) && resolve()));
  try {
    return await ask(connect(new URL(`http://127.0.0.1:${port}${path}`)));
  } finally {
    gate.kill();
  }
}

if (task.transport === "stdio") {
  await served("sse", "/sse", (url) => new SSEClientTransport(url));
  const seen = await served("streamableHttp", "/mcp", (url) => new StreamableHTTPClientTransport(url));
  report(seen.tools, seen.given, { notes: ["served over SSE and over Streamable HTTP"] });
} else {
  const option = { sse: "--sse", http: "--streamableHttp" }[task.transport];
  const args = [gateway, option, task.url];
  const { tools, given } = await ask(new StdioClientTransport({ command: task.node, args, env: { ...process.env } }));
  report(tools, given);
}
