// Declarations of tasks that must compile, and the types that must come out.
import type { StandardSchemaV1 } from "@standard-schema/spec";
import { z } from "zod";
import type { Failure } from "../../../lib/failure.ts";
import { mapTask, reduceTask, task } from "../../../lib/task.ts";
import type { TaskOf } from "../../../lib/typed/carry.ts";
import type { Task } from "../../../lib/types.ts";
import { same } from "../run.ts";

// Inputs by names: their types are what execute says.

same<TaskOf<{}, {}>>()(task({ name: "a", execute: () => 1 }));

same<TaskOf<{ region: string }, {}>>()(
  task({ name: "a", requires: ["region"], execute: ({ region }: { region: string }) => region }),
);

same<TaskOf<{ x: unknown }, {}>>()(
  task({ name: "a", requires: ["x"], execute: ({ x }) => String(x) }),
);

same<TaskOf<{ x: number; y: string }, {}>>()(
  task({
    name: "a",
    requires: ["x", "y"],
    async execute({ x, y }: { x: number; y: string }, { signal, key, attempt, progress, log }) {
      signal.throwIfAborted();
      progress(0.5, { x, y });
      log(key, { attempt });
      return Promise.resolve(x);
    },
  }),
);

same<TaskOf<{ x: number; y: unknown }, {}>>()(
  task({ name: "a", requires: ["x", "y"], execute: ({ x }: { x: number }) => x }),
);

same<TaskOf<{ x: unknown }, {}>>()(task({ name: "a", requires: ["x"], execute: () => 1 }));

interface Server {
  readonly host: string;
  readonly ports: readonly number[];
}

interface ServerInputs {
  readonly server: Server;
}

same<TaskOf<{ server: Server }, {}>>()(
  task({ name: "a", requires: ["server"], execute: ({ server }: ServerInputs) => server.host }),
);

same<TaskOf<{ tag?: string }, {}>>()(
  task({ name: "a", optional: ["tag"], execute: ({ tag }: { tag?: string }) => tag ?? "none" }),
);

same<TaskOf<{ tag?: string | undefined }, {}>>()(
  task({ name: "a", optional: ["tag"], execute: ({ tag }: { tag: string | undefined }) => tag }),
);

same<TaskOf<{ x: number; tag?: string }, {}>>()(
  task({
    name: "a",
    requires: ["x"],
    optional: ["tag"],
    execute: (inputs: { x: number; tag?: string }) => inputs.x,
  }),
);

// Nothing is known of `any`, and nothing is checked.
same<TaskOf<{ x: unknown }, {}>>()(
  task({
    name: "a",
    requires: ["x"],
    // eslint-disable-next-line @typescript-eslint/no-explicit-any -- any is what is tested
    execute: (inputs: any) => String(inputs),
  }),
);

// Inputs by schemas: execute gets what they give, providers must give what they take.

same<TaskOf<{ region: string }, { ip: number }>>()(
  task({
    name: "a",
    requires: { region: z.string() },
    provides: "ip",
    execute: ({ region }) => region.length,
  }),
);

same<TaskOf<{ size: string; tags?: string[] | undefined }, {}>>()(
  task({
    name: "a",
    requires: { size: z.string().transform(Number) },
    optional: { tags: z.array(z.string()).default([]) },
    execute: ({ size, tags }) => size.toFixed() + (tags ?? []).join(),
  }),
);

declare const byHand: StandardSchemaV1<string, Date>;

same<TaskOf<{ at: string }, {}>>()(
  task({ name: "a", requires: { at: byHand }, execute: ({ at }) => at.getTime() }),
);

same<TaskOf<{ at: string; zone?: string }, {}>>()(
  task({
    name: "a",
    requires: { at: byHand },
    optional: ["zone"],
    execute: ({ at, zone }: { at: Date; zone?: string }) => at.toISOString() + (zone ?? ""),
  }),
);

// A function may take more than a schema gives.
same<TaskOf<{ x: string }, {}>>()(
  task({
    name: "a",
    requires: { x: z.string() },
    execute: ({ x }: { x: string | number }) => x,
  }),
);

// What a task gives.

same<TaskOf<{}, { ip: string }>>()(
  task({ name: "a", provides: "ip", execute: async () => Promise.resolve("10.0.0.1") }),
);

same<TaskOf<{}, { vm: { id: string }; cost: number }>>()(
  task({ name: "a", provides: ["vm", "cost"], execute: () => [{ id: "1" }, 2] }),
);

same<TaskOf<{}, { vm: "a"; cost: 2 }>>()(
  task({ name: "a", provides: ["vm", "cost"], execute: () => ["a", 2] as const }),
);

same<TaskOf<{}, { first: number; second: number }>>()(
  task({ name: "a", provides: ["first", "second"], execute: () => [1].map((x) => x) }),
);

same<TaskOf<{}, { first: string }>>()(
  task({ name: "a", provides: ["first"], execute: () => ["a", 1, true] }),
);

same<TaskOf<{}, { host: string; port: number }>>()(
  task({
    name: "a",
    provides: { keys: ["host", "port"] },
    execute: () => ({ host: "a", port: 80, more: true }),
  }),
);

same<TaskOf<{}, {}>>()(task({ name: "a", provides: null, execute: () => 1 }));
same<TaskOf<{}, { none: null }>>()(task({ name: "a", provides: "none", execute: () => null }));
task({ name: "a", provides: "none", execute: () => {} });

same<TaskOf<{}, { x: unknown; y: unknown }>>()(
  task({ name: "a", provides: ["x", "y"], execute: (): unknown => [1, 2] }),
);
same<TaskOf<{}, { x: unknown; y: unknown }>>()(
  task({ name: "a", provides: { keys: ["x", "y"] }, execute: (): unknown => ({}) }),
);

same<TaskOf<{}, { list: string[] }>>()(
  task({ name: "a", provides: "list", execute: async (): Promise<string[]> => Promise.all([]) }),
);

// Rebind and inject.

same<TaskOf<{ address: string; n: number }, {}>>()(
  task({
    name: "a",
    requires: ["ip", "n"],
    rebind: { ip: "address" },
    execute: ({ ip, n }: { ip: string; n: number }) => ip + String(n),
  }),
);

same<TaskOf<{ address: string; n: number; note?: string }, {}>>()(
  task({
    name: "a",
    requires: ["ip", "n"],
    optional: ["tag"],
    rebind: { ip: "address", tag: "note" },
    execute: ({ ip }: { ip: string; n: number; tag?: string }) => ip,
  }),
);

same<TaskOf<{ address: string; count: number; last: boolean }, {}>>()(
  task({
    name: "a",
    requires: ["ip", "n", "last"],
    rebind: ["address", "count"],
    execute: (inputs: { ip: string; n: number; last: boolean }) => inputs,
  }),
);

same<TaskOf<{ both: "a" }, {}>>()(
  task({
    name: "a",
    requires: ["x", "y"],
    rebind: { x: "both", y: "both" },
    execute: (inputs: { x: "a" | "b"; y: "a" | "c" }) => inputs,
  }),
);

same<TaskOf<{ y: string }, {}>>()(
  task({
    name: "a",
    requires: { x: z.number(), y: z.string() },
    inject: { x: 3 },
    execute: ({ x, y }) => x + y.length,
  }),
);

same<TaskOf<{}, {}>>()(
  task({
    name: "a",
    requires: ["size"],
    rebind: { size: "disk" },
    inject: { disk: "small" },
    execute: ({ size }: { size: "small" | "large" }) => size,
  }),
);

// Revert.

same<TaskOf<{ x: number }, { y: string }>>()(
  task({
    name: "a",
    requires: ["x"],
    provides: "y",
    execute: ({ x }: { x: number }, { log }) => {
      log("now");
      return String(x);
    },
    revert: ({ x }, { result, failure, failures }) => {
      same<number>()(x);
      same<string | undefined>()(result);
      same<Failure | undefined>()(failure);
      same<Failure | undefined>()(failures["b"]);
    },
  }),
);

task({
  name: "a",
  requires: { region: z.string() },
  async execute({ region }) {
    return Promise.resolve(region.length);
  },
  async revert({ region }, { result }) {
    same<string>()(region);
    same<number | undefined>()(result);
    return Promise.resolve();
  },
});

same<TaskOf<{ x: number; lease: string }, {}>>()(
  task({
    name: "a",
    requires: ["x"],
    execute: ({ x }: { x: number }) => x,
    revertRequires: ["lease"],
    revert: ({ lease }: { lease: string }) => lease,
  }),
);

same<TaskOf<{ x: number; token: string; why?: string }, {}>>()(
  task({
    name: "a",
    requires: ["x"],
    execute: ({ x }: { x: number }) => x,
    revertRequires: { lease: z.string() },
    revertOptional: ["why"],
    revertRebind: { lease: "token" },
    revert: ({ lease, why }: { lease: string; why?: string }) => lease + (why ?? ""),
  }),
);

same<TaskOf<{ x: number; old: number }, {}>>()(
  task({
    name: "a",
    requires: ["x"],
    revertRebind: { x: "old" },
    execute: ({ x }: { x: number }) => x,
    revert: ({ x }) => x.toFixed(),
  }),
);

same<TaskOf<{ renamed: number }, {}>>()(
  task({
    name: "a",
    requires: ["x"],
    rebind: { x: "renamed" },
    execute: ({ x }: { x: number }) => x,
    revertRequires: ["x"],
    revert: ({ x }: { x: number }) => x,
  }),
);

same<TaskOf<{ x: number }, {}>>()(
  task({
    name: "a",
    requires: ["x"],
    execute: ({ x }: { x: number }) => x,
    revertRequires: [],
    revert: () => "blind",
  }),
);

task({
  name: "a",
  version: 2,
  priority: -1,
  timeoutMs: 5_000,
  execute: () => 1,
});

// Map and reduce.

same<TaskOf<{ a: number; b: number }, { x: string; y: string }>>()(
  mapTask({
    name: "m",
    requires: ["a", "b"],
    provides: ["x", "y"],
    map: async (value: number) => Promise.resolve(String(value)),
    revert: ({ a, b }, { result }) => {
      same<number>()(a + b);
      same<[string, string] | undefined>()(result);
    },
  }),
);

same<TaskOf<{ a: string; b: string }, { all: [number, number] }>>()(
  mapTask({ name: "m", requires: ["a", "b"], provides: "all", map: (x: string) => Number(x) }),
);

same<TaskOf<{ a: number; b: string }, { all: (number | string)[] }>>()(
  mapTask({
    name: "m",
    requires: { a: z.number(), b: z.string() },
    provides: "all",
    map: (value) => value,
  }),
);

same<TaskOf<{ one: number; b: number; c: number }, { sum: number }>>()(
  reduceTask({
    name: "r",
    requires: ["a", "b", "c"],
    rebind: ["one"],
    provides: "sum",
    reduce: (left: number, right: number, { signal }) => (signal.aborted ? 0 : left + right),
  }),
);

same<TaskOf<{ a: string; b: string }, { text: string }>>()(
  reduceTask({
    name: "r",
    requires: { a: z.string(), b: z.string() },
    provides: "text",
    reduce: async (left, right) => Promise.resolve(left + right),
  }),
);

// Names that are only known when it runs: what they stand for isn't checked.

declare const names: string[];

same<TaskOf<{ [x: string]: unknown }, {}>>()(
  task({ name: "a", requires: names, execute: (inputs) => Object.keys(inputs) }),
);

same<TaskOf<{ [x: string]: number }, {}>>()(
  task({
    name: "a",
    requires: names,
    execute: (inputs: Record<string, number>) => inputs["x"],
  }),
);

reduceTask({ name: "r", requires: names, reduce: (a: number, b: number) => a + b });

export const erased: Task = task({
  name: "a",
  requires: ["x"],
  execute: ({ x }: { x: number }) => x,
});
