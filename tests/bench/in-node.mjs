// Measuring in Node.js: each job in a process of its own. This file is both sides of it.

import { fork } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";

const self = fileURLToPath(import.meta.url);

/** @param flags for Node.js */
export function inNode(flags) {
  return {
    title: ["Node.js", process.versions.node, ...flags].join(" "),
    async measure(job) {
      const child = fork(self, ["job"], { execArgv: flags, serialization: "advanced" });
      child.send(job);
      return new Promise((resolve, reject) => {
        child.once("message", ({ error, value }) => (error ? reject(error) : resolve(value)));
        child.once("exit", (status) => reject(new Error(`the child ended with status ${status}`)));
      });
    },
    async close() {},
  };
}

/** Peak resident set of this process, bytes. Linux counts the parent's in maxRSS, so that is the second choice. */
function peakMemory() {
  try {
    return /VmHWM:\s+(\d+) kB/.exec(readFileSync("/proc/self/status", "utf8"))[1] * 1024;
  } catch {
    return process.resourceUsage().maxRSS * 1024;
  }
}

if (process.argv[1] === self && process.argv[2] === "job") {
  process.once("message", async (job) => {
    try {
      const idle = peakMemory();
      const { [job.kind]: measure } = await import("./measure.mjs");
      const urls = {};
      for (const [name, path] of Object.entries(job.paths)) urls[name] = pathToFileURL(path).href;
      const value = await measure({ ...job, urls }, new Uint8Array(readFileSync(job.task.file)));
      process.send({ value: { ...value, idle, peak: peakMemory() } });
    } catch (error) {
      process.send({ error });
    }
    process.disconnect();
  });
}
