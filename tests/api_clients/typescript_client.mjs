// What Blaxel's TypeScript client does with the control plane at BL_API_URL; run where the package is installed.
// It prints one JSON object of what it saw. Each of its errors ends the script.

import { blJob, getJob, listJobExecutionTasks, listJobs, settings } from "@blaxel/core";

async function tasks(jobId, executionId) {
  const found = [];
  for (let cursor = ""; ; ) {
    const query = { limit: 15, ...(cursor && { cursor }) };
    const { data } = await listJobExecutionTasks({
      path: { jobId, executionId },
      query,
      headers: settings.headers,
      throwOnError: true,
    });
    found.push(...data.data);
    if (!data.meta.hasMore) return found;
    cursor = data.meta.nextCursor;
  }
}

async function missing(job) {
  try {
    await job.getExecution("nope");
  } catch (error) {
    return error.error ?? error.message;
  }
}

await settings.authenticate();
const [report, imports, corpus] = ["nightly-report", "nightly-import", "embed-corpus"].map(blJob);
const newest = async (job) => job.getExecution((await job.listExecutions({ limit: 1 })).data[0].metadata.id);
const running = await newest(corpus);
const page = await report.listExecutions({ limit: 5 });
const listed = await page.autoPagingToArray({ limit: 100 });
const failed = await newest(imports);
const parts = await tasks("nightly-import", failed.metadata.id);
const created = await imports.run([{ n: 0 }, { n: 1 }, { n: 2 }], { env: { SOURCE: "s3" }, memory: 512 });
const finished = await imports.waitForExecution(created, { maxWait: 60_000, interval: 1_000 });
const cancelled = await imports.run(Array(25).fill({}), { executionId: "to-be-cancelled" });
await imports.cancelExecution(cancelled);
const after = await imports.waitForExecution(cancelled, { maxWait: 60_000, interval: 1_000 });
const good = { headers: settings.headers, throwOnError: true };
const jobs = (await listJobs(good)).data;
const job = (await getJob({ path: { jobId: "nightly-import" }, ...good })).data;

process.stdout.write(
  JSON.stringify({
    version: settings.version,
    login: settings.credentials.constructor.name,
    jobs: jobs.data.length,
    generation: job.spec.runtime.generation,
    page: page.data.length,
    listed: listed.map((one) => one.status),
    failed: [failed.status, failed.spec.taskCount, Boolean(failed.tasks), failed.stats.failure],
    env: failed.spec.envOverride,
    tasks: [parts.length, parts.filter((task) => task.status === "failed").length],
    running: [running.status, running.tasks.length],
    finished: [finished.status, finished.stats.success, finished.spec.memoryOverride],
    cancelled: [cancelled, after.status],
    status: await report.getExecutionStatus(listed[0].metadata.id),
    missing: await missing(imports),
  }),
);
