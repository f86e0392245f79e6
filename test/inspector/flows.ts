/** Flows for the inspector's tests and pictures. */
import { graph, linear, task, times, unordered } from "../../lib/index.ts";

/** Waits, so that something is to be seen on a timeline. */
export const rest = (ms: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, ms));

export interface Pace {
  /** Milliseconds that a unit of work takes. */
  readonly unitMs: number;
  /** Attempts at booting that fail. */
  readonly failures: number;
  /** What billing does: never ends, fails, or gives an invoice. */
  readonly bill: "hangs" | "fails" | "works";
}

/** A server is created: nested flows, a retry controller, work side by side. */
export function createServer({ unitMs, failures, bill }: Pace) {
  let boots = 0;
  const work = (name: string, units: number, requires: readonly string[], provides: string) =>
    task({
      name,
      requires,
      provides,
      execute: async () => {
        await rest(units * unitMs);
        return `${name}-1`;
      },
      revert: async () => {
        await rest(unitMs / 2);
      },
    });
  const boot = task({
    name: "boot",
    requires: ["disk", "address"],
    provides: "server",
    execute: async (_inputs: unknown, { log }) => {
      log("asking the scheduler for a host", { memory: "64 GiB", try: boots + 1 });
      await rest(3 * unitMs);
      if (boots++ < failures) {
        throw new Error("no host has enough memory", {
          cause: new RangeError("64 GiB asked, 48 GiB free"),
        });
      }
      return { name: "srv-17", cores: 8, zones: ["a", "b"] };
    },
    revert: async () => rest(unitMs),
  });
  const invoice = task({
    name: "send-invoice",
    requires: ["server"],
    provides: "invoice",
    execute: async (_inputs: unknown, { signal }) => {
      await rest(2 * unitMs);
      if (bill === "fails") throw new TypeError("the customer has no address");
      if (bill === "hangs")
        await new Promise((_, reject) => {
          signal.addEventListener("abort", reject);
        });
      return 1_942n;
    },
  });
  return linear(
    "create-server",
    work("check-quota", 1, [], "quota"),
    unordered(
      "prepare",
      work("allocate-address", 2, ["quota"], "address"),
      work("create-disk", 4, ["quota"], "disk"),
      work("fetch-image", 3, ["quota"], "image"),
    ),
    linear(
      "start",
      { retry: times(3, { name: "try-hosts", backoff: { firstMs: 12 * unitMs, jitter: "none" } }) },
      boot,
      work("wait-until-up", 2, ["server"], "health"),
    ),
    graph(
      "announce",
      work("register-dns", 1, ["server"], "name"),
      work("monitor", 1, ["name"], "dashboard"),
      invoice,
    ),
  );
}
