// Runs that must compile, and what they must return.
import type { FlowRef } from "../../../actors/spawn.ts";
import { linear } from "../../../lib/patterns/linear.ts";
import { parameterizedForEach, times } from "../../../lib/retry.ts";
import { task } from "../../../lib/task.ts";
import type { Item } from "../../../lib/types.ts";
import { load, run, same, spawn } from "../run.ts";

const allocate = task({
  name: "allocate",
  requires: ["region"],
  optional: ["tag"],
  provides: "ip",
  execute: ({ region, tag }: { region: string; tag?: string }) => region + (tag ?? ""),
});
const boot = task({
  name: "boot",
  requires: ["ip", "flavor"],
  provides: { keys: ["vm"] },
  execute: ({ ip, flavor }: { ip: string; flavor: "small" | "large" }) => ({ vm: { ip, flavor } }),
});
const create = linear("create", { retry: times(3, { provides: "attempt" }) }, allocate, boot);
const free = linear("free", task({ name: "one", provides: "one", execute: () => 1 }));

const { vm, attempt, region } = await run(create, { store: { region: "eu", flavor: "small" } });
same<{ ip: string; flavor: "small" | "large" }>()(vm);
same<number>()(attempt);
same<string>()(region);

// Optional inputs may be in the store; so may symbols that atoms provide, since the store wins.
await run(create, { store: { region: "eu", flavor: "large", tag: "x" }, concurrency: 3 });
await run(create, { store: { region: "eu", flavor: "large", ip: "10.0.0.1" } });

const store = { region: "eu", flavor: "large" as const, more: true };
await run(create, { store });

same<Promise<{ one: number }>>()(run(free));
await run(free, {});
await run(free, { id: "free-1" });
await run(free, { store: { one: 2 } });
await run(linear("empty"));

const single = await run(allocate, { store: { region: "eu" } });
same<string>()(single.ip);
same<string | undefined>()(single.tag);

declare const erased: Item;
same<Promise<Readonly<Record<string, unknown>>>>()(run(erased));
await run(erased, { store: { x: 1 } });

declare const list: readonly Item[];
const fromList = linear("list", ...list);
await run(fromList);
await run(fromList, { store: { x: 1 } });

const hosts = linear(
  "hosts",
  { retry: parameterizedForEach({ provides: "host", rebind: ["hosts"] }) },
  task({ name: "ping", requires: ["host"], execute: ({ host }: { host: string }) => host }),
);
same<Promise<{ hosts: readonly unknown[]; host: unknown }>>()(
  run(hosts, { store: { hosts: ["a", "b"] } }),
);

// An engine may find its store in the journal.
load(create);
load(create, { id: "create-1" });
load(create, { store: { region: "eu" } });
same<FlowRef<{ one: number }>>()(spawn(free));
spawn(create, { store: { region: "eu", flavor: "large" } });
