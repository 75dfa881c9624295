// A host made of the official library: its bridge and transport to the view, the official client to the MCP server, and
// the two nested iframes that the specification asks of hosts that are web pages.
import { AppBridge, PostMessageTransport, getToolUiResourceUri, isToolVisibilityModelOnly } from "@modelcontextprotocol/ext-apps/app-bridge";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";

const IDENTITY = { name: "official host", version: "1" };
const EXTENSIONS = { "io.modelcontextprotocol/ui": { mimeTypes: ["text/html;profile=mcp-app"] } };

// The server has no stream for what it would say unasked; asking for one is answered here, so that no error is logged.
const fetchPosts = (url, options) =>
  options?.method === "POST" ? fetch(url, options) : Promise.resolve(new Response(null, { status: 405 }));

class OfficialHost {
  calls = [];
  messages = [];
  sizes = [];
  violations = [];
  answered = 0;
  last = null;
  failing = null;

  async open({ tool, args, capabilities, context, html, result, failing = null }) {
    this.failing = failing;
    this.client = new Client(IDENTITY, { capabilities: { extensions: EXTENSIONS } });
    await this.client.connect(new StreamableHTTPClientTransport(new URL("/mcp", location.href), { fetch: fetchPosts }));
    const { tools } = await this.client.listTools();
    this.tools = new Map(tools.map((one) => [one.name, one]));
    const page = html === undefined ? await this.#page(tool) : { html };

    this.bridge = new AppBridge(null, IDENTITY, capabilities, { hostContext: context });
    this.context = context;
    this.bridge.onerror = (error) => this.violations.push(String(error));
    this.bridge.onsizechange = (params) => {
      this.sizes.push(params);
      if (params.height !== undefined) this.iframe.style.height = `${params.height}px`;
    };
    if ("serverTools" in capabilities) {
      this.bridge.oncalltool = (params) => this.#callTool(params).finally(() => (this.answered += 1));
    }
    if ("message" in capabilities) {
      this.bridge.onmessage = async (params) => {
        this.messages.push(params);
        return {};
      };
    }
    const initialized = new Promise((resolve) => (this.bridge.oninitialized = resolve));
    const proxy = new Promise((resolve) => (this.bridge.onsandboxready = resolve));

    this.iframe = document.createElement("iframe");
    this.iframe.setAttribute("sandbox", "allow-scripts allow-same-origin");
    document.body.append(this.iframe);
    await this.bridge.connect(new PostMessageTransport(this.iframe.contentWindow, this.iframe.contentWindow));
    const staged = await fetch("/proxies", { method: "POST", body: JSON.stringify(page.csp ?? {}) });
    this.iframe.src = await staged.text();
    await proxy;
    await this.bridge.sendSandboxResourceReady({ html: page.html, csp: page.csp });
    await initialized;
    await this.bridge.sendToolInput({ arguments: args });
    const given = result ?? (await this.client.callTool({ name: tool, arguments: args }));
    if (given !== "later") await this.bridge.sendToolResult(given);
  }

  async callAgain(tool, args) {
    await this.bridge.sendToolResult(await this.client.callTool({ name: tool, arguments: args }));
  }

  changeContext(changes) {
    this.context = { ...this.context, ...changes };
    this.bridge.setHostContext(this.context);
  }

  cancel(reason) {
    return this.bridge.sendToolCancelled({ reason });
  }

  ping() {
    return this.bridge.request({ method: "ping" });
  }

  async tearDown() {
    return { result: await this.bridge.teardownResource({}) };
  }

  async #page(tool) {
    const { contents } = await this.client.readResource({ uri: getToolUiResourceUri(this.tools.get(tool)) });
    return { html: contents[0].text, csp: contents[0]._meta?.ui?.csp };
  }

  async #callTool(params) {
    this.calls.push(params);
    if (this.failing === "never") return new Promise(() => {});
    if (this.failing === "error") throw new Error("the host could not reach the server");
    if (this.failing === "tool") return { content: [{ type: "text", text: "Blaxel answered 503." }], isError: true };
    if (isToolVisibilityModelOnly(this.tools.get(params.name))) throw new Error(`${params.name} is not for views`);
    return (this.last = await this.client.callTool(params));
  }
}

globalThis.host = new OfficialHost();
