/** A thread in a child process, which sees that the parent is gone even while a task never lets the main thread go. */
import { workerData } from "node:worker_threads";

/** How often it looks, in milliseconds. */
const lookMs = 1_000;

// Who has lost its parent gets another one.
setInterval(() => {
  if (process.ppid !== workerData) process.kill(process.pid, "SIGKILL");
}, lookMs);
