// What the scripts of bridges have on the far side of the bridge: a client of the TypeScript SDK 1.x.

import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { task } from "./client_task.mjs";

export async function ask(transport) {
  const client = new Client({ name: "bridge-user", version: "1.0.0" });
  await client.connect(transport);
  const { tools } = await client.listTools();
  const given = {};
  for (const { name, tool, arguments: args } of task.questions) {
    given[name] = await client.callTool({ name: tool, arguments: args });
  }
  await client.close();
  return { tools: tools.map((tool) => tool.name), given };
}
