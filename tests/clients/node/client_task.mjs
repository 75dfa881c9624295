// What the scripts of Node share: the task, and the report at the end; see ../report.py.

import { readFileSync } from "node:fs";

export const task = JSON.parse(readFileSync(process.argv[2], "utf-8"));

export function report(tools, given, more = {}) {
  process.stdout.write(`\n${JSON.stringify({ tools, given, ...more })}\n`);
}
