/**
 * Retry controllers: `times` tries the whole flow again after undoing it; `forEach` tries a value after the other; a
 * controller inside another gets fresh attempts each time the outer one tries again.
 */
import { forEach, linear, load, task, times } from "../lib/index.ts";
import { isMain } from "./main.ts";

let calls = 0;
const flaky = task({
  name: "flaky",
  execute: () => {
    if (++calls % 3 !== 0) throw new Error("not yet");
    return "at last";
  },
});

export const threeTimes = linear(
  "three-times",
  { retry: times(3, { backoff: { firstMs: 1, maxMs: 5 } }) },
  flaky,
);

const connect = task({
  name: "connect",
  requires: ["host"],
  provides: "connection",
  execute: ({ host }: { host: string }) => {
    if (host !== "third") throw new Error(`${host} is down`);
    return `connected to ${host}`;
  },
});

export const anyHost = linear(
  "any-host",
  { retry: forEach(["first", "second", "third"], { name: "host", provides: "host" }) },
  connect,
);

const refuses = task({
  name: "refuses",
  execute: () => {
    throw new TypeError("a wrong request stays wrong");
  },
});

export const hopeless = linear(
  "hopeless",
  { retry: times(5, { unless: ({ name }) => name === "TypeError" }) },
  refuses,
);

if (isMain(import.meta.url)) {
  for (const flow of [threeTimes, anyHost, hopeless]) {
    const engine = load(flow);
    const end = await engine.run().catch((error: Error) => `${error.name}: ${error.message}`);
    const [controller] = engine.storage.atoms();
    console.log(`${flow.name}: ${end}, attempts: ${controller?.attempt}`);
    for (const { value, failures } of controller?.history ?? []) {
      const failed = Object.entries(failures).map(([atom, { message }]) => `${atom}: ${message}`);
      console.log(`  ${JSON.stringify(value)}: ${failed.join(", ") || "went well"}`);
    }
  }
}
