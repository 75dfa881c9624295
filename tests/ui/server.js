// The MCP server as a host sees it: JSON-RPC over Streamable HTTP, on this host's own origin.

const EXTENSION = "io.modelcontextprotocol/ui";
const MIME_TYPE = "text/html;profile=mcp-app";
const REVISION = "2026-07-28";
const ENVELOPE = {
  "io.modelcontextprotocol/protocolVersion": REVISION,
  "io.modelcontextprotocol/clientInfo": { name: "strict host", version: "1" },
  "io.modelcontextprotocol/clientCapabilities": { extensions: { [EXTENSION]: { mimeTypes: [MIME_TYPE] } } },
};

export class Server {
  #lastId = 0;

  static async connect() {
    const server = new Server();
    const { tools } = await server.#ask("tools/list", {});
    server.tools = new Map(tools.map((tool) => [tool.name, tool]));
    return server;
  }

  /** The page that a tool is bound to, and the domains that it declares. */
  async page(tool) {
    const uri = this.tools.get(tool)._meta.ui.resourceUri;
    const { contents } = await this.#ask("resources/read", { uri });
    const [content] = contents;
    if (contents.length !== 1 || content.uri !== uri) throw new Error(`${uri} is not one resource`);
    if (content.mimeType !== MIME_TYPE) throw new Error(`${uri} is of type ${content.mimeType}`);
    return { html: content.text, csp: content._meta?.ui?.csp };
  }

  call(name, args) {
    return this.#ask("tools/call", { name, arguments: args });
  }

  /** A call by the view: for tools that are visible to it only. */
  async callForView(name, args) {
    const tool = this.tools.get(name);
    if (!tool) throw new Error(`there is no tool ${name}`);
    const visibility = tool._meta?.ui?.visibility ?? ["model", "app"];
    if (!visibility.includes("app")) throw new Error(`${name} is not for views`);
    return this.call(name, args);
  }

  async #ask(method, params) {
    const headers = {
      Accept: "application/json, text/event-stream",
      "Content-Type": "application/json",
      "MCP-Protocol-Version": REVISION,
      "Mcp-Method": method,
    };
    const name = params.name ?? params.uri;
    if (name) headers["Mcp-Name"] = name;
    const id = (this.#lastId += 1);
    const body = JSON.stringify({ jsonrpc: "2.0", id, method, params: { ...params, _meta: ENVELOPE } });
    const text = await (await fetch("/mcp", { method: "POST", headers, body })).text();
    const events = text.startsWith("{") ? [text] : text.split("\n").filter((line) => line.startsWith("data:"));
    const messages = events.map((line) => JSON.parse(line.replace(/^data:/, "")));
    const { result, error } = messages.find((message) => message.id === id);
    if (error) throw new Error(error.message);
    const { resultType, ...rest } = result; // of the 2026 revision's own; views are told of results as they always were
    return rest;
  }
}
