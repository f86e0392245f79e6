// Declarations of tasks that must not compile. What stands in backquotes in an expectation must stand
// in the compiler's message: refused.test.ts looks.
import { z } from "zod";
import { mapTask, reduceTask, task } from "../../../lib/task.ts";

// A parameter that no list names.

task({
  name: "a",
  // @ts-expect-error execute takes `"flavor"`, which `requires doesn't name`
  requires: ["ip"],
  execute: ({ ip, flavor }: { ip: string; flavor: number }) => ip + String(flavor),
});

// @ts-expect-error execute takes `"ip"`, and there is no `requires` at all
task({ name: "a", execute: ({ ip }: { ip: string }, { log }) => log(ip) });

task({
  name: "a",
  // @ts-expect-error an optional parameter must be listed as well: `"tag"`
  requires: ["ip"],
  execute: ({ ip, tag }: { ip: string; tag?: string }) => ip + (tag ?? ""),
});

task({
  name: "a",
  // @ts-expect-error several are all named: `"two"` and `"three"`
  requires: ["one"],
  execute: (inputs: { one: 1; two: 2; three: 3 }) => inputs,
});

task({
  name: "a",
  requires: { region: z.string() },
  // @ts-expect-error the schemas name no `flavor`
  execute: ({ region, flavor }) => region + String(flavor),
});

// Optional parameters that execute relies on.

task({
  name: "a",
  // @ts-expect-error `"tag"` is optional, but `execute relies on it`
  optional: ["tag"],
  execute: ({ tag }: { tag: string }) => tag,
});

task({
  name: "a",
  optional: { tag: z.string() },
  // @ts-expect-error an optional input may be `undefined`
  execute: ({ tag }) => tag.length,
});

// Schemas.

task({
  name: "a",
  // @ts-expect-error `the schema of "size" gives another type`
  requires: { size: z.number() },
  execute: ({ size }: { size: string }) => size,
});

task({
  name: "a",
  // @ts-expect-error `the schema of "tags" gives another type`
  optional: { tags: z.array(z.number()) },
  execute: ({ tags }: { tags?: string[] }) => tags,
});

task({
  name: "a",
  // @ts-expect-error `StandardSchemaV1` is missing its `"~standard"`
  requires: { size: String },
  execute: () => 1,
});

task({
  name: "a",
  requires: { size: z.number() },
  // @ts-expect-error it gets what the schema gives, a `number`
  execute: ({ size }): string => size,
});

// Names.

// @ts-expect-error `'name'` is missing
task({ execute: () => 1 });
// @ts-expect-error a name is a `string`
task({ name: 3, execute: () => 1 });
// @ts-expect-error `'execute'` is missing
task({ name: "a" });
// @ts-expect-error `execute` must be a function
task({ name: "a", execute: "work" });
// @ts-expect-error `'require'` is no option
task({ name: "a", require: ["x"], execute: () => 1 });
// @ts-expect-error requires is no `string`
task({ name: "a", requires: "x", execute: () => 1 });
// @ts-expect-error names are no `number`s
task({ name: "a", requires: [1], execute: () => 1 });
// @ts-expect-error a priority is a `number`
task({ name: "a", priority: "high", execute: () => 1 });
// @ts-expect-error a time-out is a `number`
task({ name: "a", timeoutMs: "1s", execute: () => 1 });
// @ts-expect-error a version is a `number`
task({ name: "a", version: "1.0", execute: () => 1 });

// What execute doesn't return.

// @ts-expect-error `execute returns nothing for "cost"`
task({ name: "a", provides: ["vm", "cost"], execute: () => ["vm"] });
// @ts-expect-error `execute returns nothing for "cost"`
task({ name: "a", provides: { keys: ["vm", "cost"] }, execute: () => ({ vm: 1 }) });
// @ts-expect-error a text has no elements: `"vm"`
task({ name: "a", provides: ["vm"], execute: async () => Promise.resolve("vm") });
// @ts-expect-error nothing has no properties: `"vm"`
task({ name: "a", provides: { keys: ["vm"] }, execute: () => {} });
// @ts-expect-error the key is not `key`: `ProvidesOption`
task({ name: "a", provides: { key: ["vm"] }, execute: () => ({ vm: 1 }) });
// @ts-expect-error provides is no `number`: `ProvidesOption`
task({ name: "a", provides: 1, execute: () => 1 });

// Rebind and inject.

task({
  name: "a",
  requires: ["region"],
  // @ts-expect-error `"regoin" is no parameter`
  rebind: { regoin: "zone" },
  execute: ({ region }: { region: string }) => region,
});

task({
  name: "a",
  requires: ["region"],
  // @ts-expect-error `more symbols than required parameters`
  rebind: ["zone", "flavor"],
  execute: ({ region }: { region: string }) => region,
});

task({
  name: "a",
  requires: { region: z.string() },
  // @ts-expect-error an object has no order that one should rely on: `a list goes by position`
  rebind: ["zone"],
  execute: ({ region }) => region,
});

task({
  name: "a",
  requires: ["region"],
  // @ts-expect-error a symbol is a `string`
  rebind: { region: 3 },
  execute: ({ region }: { region: string }) => region,
});

task({
  name: "a",
  requires: ["region"],
  // @ts-expect-error `string` is expected, and `region` is underlined
  inject: { region: 3 },
  execute: ({ region }: { region: string }) => region,
});

task({
  name: "a",
  requires: ["region"],
  // @ts-expect-error `"regoin\" is no symbol that it takes`
  inject: { regoin: "eu" },
  execute: ({ region }: { region: string }) => region,
});

task({
  name: "a",
  requires: ["region"],
  rebind: { region: "zone" },
  // @ts-expect-error inject goes by symbols, and `"region\" is no symbol that it takes`
  inject: { region: "eu" },
  execute: ({ region }: { region: string }) => region,
});

// Revert.

task({
  name: "a",
  requires: ["region"],
  execute: ({ region }: { region: string }) => region,
  // @ts-expect-error revert `takes "lease"`, and execute doesn't
  revert: ({ lease }: { lease: string }) => lease,
});

task({
  name: "a",
  requires: ["region"],
  execute: ({ region }: { region: string }) => region,
  // @ts-expect-error revert `takes inputs of other types`
  revert: ({ region }: { region: number }) => region,
});

task({
  name: "a",
  execute: () => 1,
  // @ts-expect-error revert takes `"region"`, which `revertRequires doesn't name`
  revertRequires: ["lease"],
  revert: ({ lease, region }: { lease: string; region: string }) => lease + region,
});

task({
  name: "a",
  execute: () => 1,
  // @ts-expect-error `"lease"` is optional, but `revert relies on it`
  revertOptional: ["lease"],
  revert: ({ lease }: { lease: string }) => lease,
});

task({
  name: "a",
  execute: () => 1,
  revertRequires: ["lease"],
  // @ts-expect-error `"leese" is no parameter`
  revertRebind: { leese: "token" },
  revert: ({ lease }: { lease: string }) => lease,
});

task({
  name: "a",
  execute: () => 1,
  // @ts-expect-error the result is a `number`
  revert: (_inputs, { result }): string | undefined => result,
});

task({
  name: "a",
  execute: () => 1,
  // @ts-expect-error there is none when execute failed: `undefined`
  revert: (_inputs, { result }) => result.toFixed(),
});

task({
  name: "a",
  // @ts-expect-error the type of the result comes after that: `unknown`
  revert: (_inputs, { result }): string => result,
  execute: (_inputs, { attempt }) => attempt,
});

// Map and reduce.

mapTask({
  name: "m",
  requires: ["a", "b"],
  // @ts-expect-error `map returns nothing for "z"`
  provides: ["x", "y", "z"],
  map: (value: number) => value,
});

mapTask({
  name: "m",
  // @ts-expect-error `the schema of "b" gives another type than map takes`
  requires: { a: z.number(), b: z.string() },
  map: (value: number) => value,
});

// @ts-expect-error there is nothing to map: `'requires'` is missing
mapTask({ name: "m", map: (value: number) => value });
// @ts-expect-error `'optional'` is no option
mapTask({ name: "m", requires: ["a"], optional: ["b"], map: (value: number) => value });

reduceTask({
  name: "r",
  // @ts-expect-error `it takes two or more to reduce`
  requires: ["a"],
  reduce: (left: number, right: number) => left + right,
});

reduceTask({
  name: "r",
  requires: ["a", "b"],
  // @ts-expect-error what reduce returns is reduced further: `string`, not `number`
  reduce: (left: number, right: number) => String(left + right),
});
