// The AI SDK with a scripted model, which calls the tools one after the other: what it is prompted with is reported.

import { createMCPClient } from "@ai-sdk/mcp";
import { Experimental_StdioMCPTransport as StdioMCPTransport } from "@ai-sdk/mcp/mcp-stdio";
import { generateText, stepCountIs } from "ai";
import { MockLanguageModelV4 } from "ai/test";
import { report, task } from "./client_task.mjs";

const transport =
  task.transport === "stdio"
    ? new StdioMCPTransport({ command: task.command, args: task.args })
    : { type: task.transport, url: task.url };

const usage = { inputTokens: { total: 1 }, outputTokens: { total: 1 } };
let asked = 0;
let prompt;
let offered;
const model = new MockLanguageModelV4({
  doGenerate: async (options) => {
    prompt = options.prompt;
    offered = options.tools;
    const question = task.questions[asked++];
    if (!question) {
      return { content: [{ type: "text", text: "Done." }], finishReason: { unified: "stop" }, usage, warnings: [] };
    }
    const call = {
      type: "tool-call",
      toolCallId: question.name,
      toolName: question.tool,
      input: JSON.stringify(question.arguments),
    };
    return { content: [call], finishReason: { unified: "tool-calls" }, usage, warnings: [] };
  },
});

const client = await createMCPClient({ transport });
await generateText({
  model,
  tools: await client.tools(),
  prompt: "How are my jobs?",
  stopWhen: stepCountIs(task.questions.length + 1),
});
await client.close();

const given = {};
for (const message of prompt.filter((message) => message.role === "tool")) {
  for (const part of message.content) {
    given[part.toolCallId] = part.output;
  }
}
report(offered.map((tool) => tool.name), given);
