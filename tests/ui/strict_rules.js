// What the specification of MCP Apps (2026-01-26, and spec.types.ts beside it) says of a view's messages.
//
// A check is a function of a value and of where it stands; it returns what is wrong with it, as a list of sentences.

export const VERSION = "2026-01-26";

const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
const kind = (what, test) => (value, where) => (test(value) ? [] : [`${where} is not ${what}`]);

const text = kind("a string", (value) => typeof value === "string");
const size = kind("a size in pixels", (value) => Number.isFinite(value) && value >= 0);
const object = kind("an object", isObject);
const anything = () => [];
const oneOf = (...words) => kind(`one of ${words.join(", ")}`, (value) => words.includes(value));
const listOf = (check) => (value, where) =>
  Array.isArray(value) ? value.flatMap((one, index) => check(one, `${where}[${index}]`)) : [`${where} is not a list`];
const shape = (required, optional = {}) => (value, where) => {
  if (!isObject(value)) return [`${where} is not an object`];
  const known = { ...required, ...optional };
  return [
    ...Object.keys(required).filter((key) => !(key in value)).map((key) => `${where}.${key} is missing`),
    ...Object.entries(value).flatMap(([key, one]) =>
      key in known ? known[key](one, `${where}.${key}`) : [`${where}.${key} is not in the specification`],
    ),
  ];
};

const displayMode = oneOf("inline", "fullscreen", "pip");
const content = (value, where) =>
  isObject(value) && value.type === "text"
    ? shape({ type: text, text }, { annotations: object, _meta: object })(value, where)
    : shape({ type: oneOf("text", "image", "audio", "resource", "resource_link") })({ type: value?.type }, where);
const implementation = shape(
  { name: text, version: text },
  { title: text, description: text, icons: listOf(object), websiteUrl: text },
);
const capabilities = shape(
  {},
  { experimental: object, tools: object, availableDisplayModes: listOf(displayMode) },
);

// Requests and notifications of a view: their parameters, and the capability that a host must have declared for them.
export const REQUESTS = {
  "ui/initialize": {
    params: shape({ appInfo: implementation, appCapabilities: capabilities, protocolVersion: oneOf(VERSION) }),
  },
  "ui/message": { params: shape({ role: oneOf("user"), content: listOf(content) }), needs: "message" },
  "ui/open-link": { params: shape({ url: text }), needs: "openLinks" },
  "ui/request-display-mode": { params: shape({ mode: displayMode }) },
  "ui/update-model-context": {
    params: shape({}, { content: listOf(content), structuredContent: object }),
    needs: "updateModelContext",
  },
  "tools/call": { params: shape({ name: text }, { arguments: object, _meta: object }), needs: "serverTools" },
  "resources/read": { params: shape({ uri: text }, { _meta: object }), needs: "serverResources" },
  ping: { params: shape({}, { _meta: object }) },
};
export const NOTIFICATIONS = {
  "ui/notifications/initialized": { params: shape({}) },
  "ui/notifications/size-changed": { params: shape({}, { width: size, height: size }) },
  "ui/notifications/request-teardown": { params: shape({}) },
  "notifications/message": { params: shape({ level: text, data: anything }, { logger: text }), needs: "logging" },
  "notifications/cancelled": { params: shape({}, { requestId: anything, reason: text }) },
};
const OPTIONAL_PARAMS = ["ui/notifications/initialized", "ui/notifications/request-teardown", "ping"];
const FIELDS = {
  request: ["jsonrpc", "id", "method", "params"],
  notification: ["jsonrpc", "method", "params"],
  response: ["jsonrpc", "id", "result", "error"],
};

/** Follows what a view sends, in the order in which it comes; `violations` is what was wrong with it. */
export class Watch {
  violations = [];
  #asked = false; // ui/initialize, which was then answered, after which the view is ready, and in the end gone
  #answered = false;
  #ready = false;
  #gone = false;
  #ids = new Set();
  #open = new Set(); // ids of the host's requests that the view has yet to answer
  #capabilities;

  constructor(capabilities) {
    this.#capabilities = capabilities;
  }

  answered() {
    this.#answered = true;
  }

  asks(id) {
    this.#open.add(id);
  }

  gone() {
    this.#gone = true;
  }

  /** Whether it is a "request", a "notification" or a "response"; undefined for what is none of them. */
  receive(message) {
    if (!isObject(message) || message.jsonrpc !== "2.0") return this.#say("a message is not JSON-RPC 2.0");
    const sort = "method" in message ? ("id" in message ? "request" : "notification") : "response";
    const label = message.method ?? "a response";
    const odd = Object.keys(message).filter((key) => !FIELDS[sort].includes(key));
    if (odd.length) this.#say(`${label} has ${odd.join(", ")}`);
    if (this.#gone) this.#say(`${label} came after the answer to ui/resource-teardown`);
    if (sort === "response") this.#response(message);
    else this.#call(message, sort);
    return sort;
  }

  #call({ id, method, params }, sort) {
    const rule = (sort === "request" ? REQUESTS : NOTIFICATIONS)[method];
    if (!rule) return this.#say(`${method} is not a ${sort} of the specification`);
    this.#order(method);
    if (sort === "request") {
      if (!(typeof id === "string" || Number.isSafeInteger(id))) this.#say(`${method} has the id ${JSON.stringify(id)}`);
      if (this.#ids.has(id)) this.#say(`${method} has the id of an earlier request`);
      this.#ids.add(id);
    }
    if (rule.needs && !(rule.needs in this.#capabilities)) this.#say(`${method} without the capability ${rule.needs}`);
    const given = params === undefined && OPTIONAL_PARAMS.includes(method) ? {} : params;
    for (const problem of rule.params(given, `${method}: params`)) this.#say(problem);
  }

  #order(method) {
    if (method === "ui/initialize") {
      if (this.#asked) this.#say("ui/initialize was sent twice");
      this.#asked = true;
    } else if (method === "ui/notifications/initialized") {
      if (!this.#answered) this.#say(`${method} did not follow the answer to ui/initialize`);
      this.#ready = true;
    } else if (!this.#ready && method !== "ping") {
      this.#say(`${method} came before ui/notifications/initialized`);
    }
  }

  #response({ id, result, error }) {
    if (!this.#open.delete(id)) this.#say(`a response has the id ${JSON.stringify(id)}, which nothing waits for`);
    if ((result === undefined) === (error === undefined)) this.#say("a response has not one of result and error");
    const problems = error === undefined ? object(result, "result") : shape({ code: anything, message: text }, { data: anything })(error, "error");
    for (const problem of problems) this.#say(problem);
  }

  #say(violation) {
    this.violations.push(violation);
  }
}
