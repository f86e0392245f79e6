// What an engine does about calls that nobody answered.
import t from "tap";
import { FlowError } from "../../lib/errors.ts";
import { Courier } from "../../lib/executor/courier.ts";
import { Fleet } from "../../lib/executor/fleet.ts";
import type { Job } from "../../lib/executor/job.ts";
import type { Transport } from "../../lib/transport/transport.ts";

const job: Job = {
  call: {
    ...{ key: "f/a/execute/1", flow: "f", epoch: 1, task: "a", version: 1, attempt: 1 },
    ...{ direction: "execute", alone: false, keepsLines: true, inputs: {} },
  },
  task: "a",
  owner: { mayCall: true, taken: () => null, lost: () => null, failed: () => null },
  state: "queued",
  worker: undefined,
};

/** Sends a call that fails. @returns after how many milliseconds it is sent again */
async function waitsAfter(error: Error): Promise<readonly number[]> {
  const waits: number[] = [];
  const courier = new Courier({
    transport: { request: () => Promise.reject(error) } as unknown as Transport,
    engine: "e",
    after: (delayMs) => waits.push(delayMs),
    granted: () => undefined,
    answered: () => undefined,
  });
  courier.send(new Fleet().meet("one", 0), [job]);
  await new Promise(setImmediate);
  return waits;
}

t.test("it is sent again, unless the transport is closed for good", async (t) => {
  t.strictSame(await waitsAfter(new FlowError("NO_ANSWER", { to: "w.one", timeoutMs: 1 })), [50]);
  t.strictSame(await waitsAfter(new FlowError("NO_RECEIVER", { to: "w.one" })), [50]);
  t.strictSame(await waitsAfter(new FlowError("TRANSPORT_CLOSED", { problem: "it ended" })), []);
});
