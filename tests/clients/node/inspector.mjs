// The MCP Inspector's command line, once for each method, as its documentation has scripts use it.

import { execFileSync } from "node:child_process";
import { report, task } from "./client_task.mjs";

const inspector = `${task.folder}/node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js`;
const target =
  task.transport === "stdio"
    ? [task.command, ...task.args]
    : ["--transport", task.transport, "--server-url", task.url];

function run(...method) {
  const options = ["--format", "json", "--method", ...method];
  const args = task.transport === "stdio" ? [...options, "--", ...target] : [...target, ...options];
  try {
    return JSON.parse(execFileSync(task.node, [inspector, "--cli", ...args], { encoding: "utf-8" }));
  } catch (error) {
    if (error.stdout) return JSON.parse(error.stdout); // a tool's error is an exit code too
    throw error;
  }
}

const listed = run("tools/list");
const given = {};
for (const { name, tool, arguments: args } of task.questions) {
  const pairs = Object.entries(args).map(([key, value]) => `${key}=${value}`);
  given[name] = run("tools/call", "--tool-name", tool, "--tool-arg", ...pairs).result;
}
report(listed.result.tools.map((tool) => tool.name), given);
