// A host of MCP Apps written from the specification: one sandboxed iframe, its document from another origin with the
// policy as a header. What a view does against the specification is in `host.violations`.
import { Server } from "/server.js";
import { VERSION, Watch } from "/strict_rules.js";

const CALL_FAILED = -32000;

class StrictHost {
  calls = []; // parameters of the view's tools/call
  messages = []; // parameters of its ui/message
  sizes = []; // parameters of its ui/notifications/size-changed
  answered = 0; // of its tools/call, how many this host has answered
  last = null; // result of its last call that went well
  failing = null; // how its calls fare: null for well, or "error" (JSON-RPC), "tool" (isError), "never" (no answer)
  #waiting = new Map();
  #lastId = 0;

  get violations() {
    return this.watch.violations;
  }

  /** Show the page of a tool's result. `html` instead of the resource's is for trying this host out. */
  async open({ tool, args, capabilities, context, html, result, failing = null }) {
    this.failing = failing;
    this.capabilities = capabilities;
    this.context = context;
    this.watch = new Watch(capabilities);
    this.server = await Server.connect();
    const page = html === undefined ? await this.server.page(tool) : { html };
    const staged = await fetch("/pages", { method: "POST", body: JSON.stringify(page) });
    this.iframe = document.createElement("iframe");
    this.iframe.setAttribute("sandbox", "allow-scripts");
    addEventListener("message", (event) => {
      if (event.source === this.iframe.contentWindow) this.#receive(event.data);
    });
    const initialized = new Promise((resolve) => (this.resolveInitialized = resolve));
    this.iframe.src = await staged.text();
    document.body.append(this.iframe);
    await initialized;
    this.notify("ui/notifications/tool-input", { arguments: args });
    const given = result ?? (await this.server.call(tool, args));
    if (given !== "later") this.notify("ui/notifications/tool-result", given);
  }

  /** The result of a tool that the model calls, sent to the view. */
  async callAgain(tool, args) {
    this.notify("ui/notifications/tool-result", await this.server.call(tool, args));
  }

  changeContext(changes) {
    Object.assign(this.context, changes);
    this.notify("ui/notifications/host-context-changed", changes);
  }

  cancel(reason) {
    this.notify("ui/notifications/tool-cancelled", { reason });
  }

  async ping() {
    return (await this.#request("ping", {})).result;
  }

  /** Ask the view to end; answers what it said. */
  async tearDown() {
    const answer = await this.#request("ui/resource-teardown", { reason: "the conversation is closed" });
    this.watch.gone();
    return answer;
  }

  notify(method, params) {
    this.#send({ jsonrpc: "2.0", method, params });
  }

  #request(method, params) {
    const id = `host-${(this.#lastId += 1)}`;
    this.watch.asks(id);
    this.#send({ jsonrpc: "2.0", id, method, params });
    return new Promise((resolve) => this.#waiting.set(id, resolve));
  }

  #send(message) {
    this.iframe.contentWindow.postMessage(message, "*"); // a sandboxed document's origin is opaque
  }

  #receive(message) {
    const sort = this.watch.receive(message);
    if (sort === "request") this.#answer(message);
    else if (sort === "response") this.#waiting.get(message.id)?.(message);
    else if (message.method === "ui/notifications/initialized") this.resolveInitialized();
    else if (message.method === "ui/notifications/size-changed") {
      this.sizes.push(message.params);
      if (!("height" in (this.context.containerDimensions ?? {})) && message.params.height !== undefined) {
        this.iframe.style.height = `${message.params.height}px`;
      }
    }
  }

  async #answer({ id, method, params }) {
    const answer = await this.#perform(method, params).then(
      (result) => ({ result }),
      (error) => ({ error: { code: CALL_FAILED, message: error.message } }),
    );
    if (answer.result === "never") return;
    if (method === "ui/initialize") this.watch.answered();
    this.#send({ jsonrpc: "2.0", id, ...answer });
    if (method === "tools/call") this.answered += 1;
  }

  async #perform(method, params) {
    switch (method) {
      case "ui/initialize":
        return {
          protocolVersion: VERSION,
          hostInfo: { name: "strict host", version: "1" },
          hostCapabilities: this.capabilities,
          hostContext: this.context,
        };
      case "tools/call":
        this.calls.push(params);
        if (this.failing === "never") return "never";
        if (this.failing === "error") throw new Error("the host could not reach the server");
        if (this.failing === "tool") return { content: [{ type: "text", text: "Blaxel answered 503." }], isError: true };
        return (this.last = await this.server.callForView(params.name, params.arguments));
      case "ui/message":
        this.messages.push(params);
        return {};
      case "ping":
        return {};
      default:
        throw new Error(`this host has no ${method}`);
    }
  }
}

globalThis.host = new StrictHost();
