/** The thread that commits: `ThreadLane` starts it, asks it one thing at a time, and ends it. */
import { parentPort, workerData } from "node:worker_threads";
import { Connection } from "./connection.ts";
import { refusalOf } from "./faults.ts";
import { type Message, unwrap } from "./parcel.ts";
import type { StoreOptions } from "./schema.ts";
import { type Reply, type Request, Work } from "./work.ts";

let work: Work | undefined;

function answer(request: Request): Reply {
  try {
    // Now and not earlier: while it can't be opened, each request says so.
    work ??= new Work(new Connection(workerData as StoreOptions));
  } catch (error) {
    return { refusal: refusalOf(error, 0) };
  }
  return work.answer(request);
}

parentPort?.on("message", (message: Message | undefined) => {
  if (message === undefined) {
    work?.close();
    parentPort?.close();
  } else {
    parentPort?.postMessage(answer(unwrap(message)));
  }
});
