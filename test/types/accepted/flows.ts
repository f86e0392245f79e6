// Flows that must compile, and what they must need and give.
import { link } from "../../../lib/decider.ts";
import { graph } from "../../../lib/patterns/graph.ts";
import { linear } from "../../../lib/patterns/linear.ts";
import { unordered } from "../../../lib/patterns/unordered.ts";
import { forEach, parameterizedForEach, retry, times } from "../../../lib/retry.ts";
import { task } from "../../../lib/task.ts";
import type {
  AnyGives,
  AnyNeeds,
  DecidedFlowOf,
  FlowOf,
  GivesOf,
  NeedsOf,
} from "../../../lib/typed/carry.ts";
import type { Flow, Item, Task } from "../../../lib/types.ts";
import { same } from "../run.ts";

const allocate = task({
  name: "allocate",
  requires: ["region"],
  provides: "ip",
  execute: ({ region }: { region: string }) => `10.0.0.${String(region.length)}`,
});
const boot = task({
  name: "boot",
  requires: ["ip", "flavor"],
  provides: ["vm", "cost"],
  execute: ({ ip, flavor }: { ip: string; flavor: number }) => [{ id: ip }, flavor * 2],
});
const bill = task({
  name: "bill",
  requires: ["cost"],
  execute: ({ cost }: { cost: number }) => cost,
});
const label = task({
  name: "label",
  optional: ["ip", "tag"],
  execute: (inputs: { ip?: string; tag?: string }) => inputs,
});
const count = task({
  name: "count",
  requires: ["n"],
  provides: "n",
  execute: ({ n }: { n: number }) => n + 1,
});
const start = task({ name: "start", provides: "n", execute: () => 0 });
const spell = task({
  name: "spell",
  requires: ["n"],
  provides: "n",
  execute: ({ n }: { n: number }) => String(n),
});
const read = task({ name: "read", requires: ["n"], execute: ({ n }: { n: string }) => n });
const wide = task({
  name: "wide",
  requires: ["ip"],
  execute: ({ ip }: { ip: string | number }) => ip,
});

// linear: what comes before satisfies what comes after.

same<FlowOf<{}, {}>>()(linear("f"));
same<FlowOf<{}, {}>>()(linear("f", {}));

const create = linear("create", allocate, boot, bill);
same<
  FlowOf<{ region: string; flavor: number }, { ip: string; vm: { id: string }; cost: number }>
>()(create);

same<FlowOf<{ cost: number; region: string }, { ip: string }>>()(linear("f", bill, allocate));
same<FlowOf<{ region: string; tag?: string }, { ip: string }>>()(linear("f", allocate, label));
same<FlowOf<{ ip?: string; tag?: string; region: string }, { ip: string }>>()(
  linear("f", label, allocate),
);
same<FlowOf<{ region: string }, { ip: string }>>()(linear("f", allocate, wide, allocate));

// The nearest provider counts, whatever those before it gave.
same<FlowOf<{}, { n: string }>>()(linear("f", start, count, spell, read));
same<FlowOf<{ n: number }, { n: number }>>()(linear("f", count));

// unordered: siblings don't see each other.

same<
  FlowOf<
    { region: string; ip: string; flavor: number },
    { ip: string; vm: { id: string }; cost: number }
  >
>()(unordered("f", allocate, boot));
same<FlowOf<{ ip: string; flavor: number }, { vm: { id: string }; cost: number }>>()(
  unordered("f", wide, boot),
);
same<FlowOf<{ ip: string; flavor: number; tag?: string }, { vm: { id: string }; cost: number }>>()(
  unordered("f", label, boot),
);

// graph: any item satisfies any other.

same<
  FlowOf<{ flavor: number; region: string }, { vm: { id: string }; cost: number; ip: string }>
>()(graph("f", bill, boot, allocate));
same<FlowOf<{ n: number }, { n: number }>>()(graph("f", count));
same<FlowOf<{}, { n: number }>>()(graph("f", count, start));
same<FlowOf<{ region: string }, { ip: string }>>()(
  graph("f", { links: [link(allocate, wide)], autoLink: false, target: wide }, allocate, wide),
);
same<FlowOf<{ region: string }, { ip: string }>>()(
  graph("f", { links: [], target: "wide" }, allocate, wide),
);

// Nesting.

const nested = linear(
  "f",
  graph("g", boot, allocate),
  unordered("u", bill, label, linear("l", wide)),
);
same<
  FlowOf<
    { region: string; flavor: number; tag?: string },
    { ip: string; vm: { id: string }; cost: number }
  >
>()(nested);
same<
  FlowOf<{ region: string; flavor: number }, { cost: number; ip: string; vm: { id: string } }>
>()(graph("f", linear("l", bill), unordered("u", boot), graph("g", allocate)));
same<
  FlowOf<{ region: string; flavor: number }, { ip: string; vm: { id: string }; cost: number }>
>()(linear("f", create, linear("again", wide)));

// Controllers: what they give is seen in their flow; what they need comes from outside.

same<FlowOf<{}, { region: string; ip: string }>>()(
  linear("f", { retry: forEach(["eu", "us"], { provides: "region" }) }, allocate),
);
same<FlowOf<{}, { region: string; ip: string }>>()(
  unordered("f", { retry: forEach(["eu", "us"], { provides: "region" }) }, allocate),
);
same<FlowOf<{}, { region: string; ip: string }>>()(
  graph("f", { retry: forEach(["eu", "us"], { provides: "region" }) }, allocate, wide),
);
export const inRegions = linear(
  "f",
  { retry: parameterizedForEach({ provides: "region", rebind: ["regions"] }) },
  allocate,
);
same<{ regions: readonly unknown[] }>()({} as NeedsOf<typeof inRegions>);
same<FlowOf<{ region: string }, { attempt: number; ip: string }>>()(
  linear("f", linear("l", { retry: times(3, { provides: "attempt" }) }, allocate)),
);
same<FlowOf<{ limit: number }, { n: number }>>()(
  linear(
    "f",
    {
      retry: retry({
        requires: ["limit"],
        provides: "n",
        execute: ({ limit }: { limit: number }) => limit,
        onFailure: () => "REVERT",
      }),
    },
    count,
  ),
);

// What a decider can ignore may be missing in the end, and what comes after as well.

const decided = graph(
  "f",
  { links: [link(allocate, wide, { decide: () => true })] },
  allocate,
  wide,
);
same<DecidedFlowOf<{ region: string }, { ip?: string }>>()(decided);
same<
  DecidedFlowOf<
    { region: string; flavor: number },
    { ip?: string; vm?: { id: string }; cost?: number }
  >
>()(linear("f", decided, boot));
same<DecidedFlowOf<{ region: string }, { n: number; ip?: string }>>()(linear("f", start, decided));
same<DecidedFlowOf<{ region: string }, { ip?: string; n: number }>>()(
  unordered("f", decided, start),
);
same<DecidedFlowOf<{ region: string }, { ip?: string; n?: number }>>()(graph("f", decided, start));

// Items that are only known when it runs.

declare const many: (typeof allocate | typeof bill)[];
declare const erased: Item[];
declare const someTask: Task;

same<FlowOf<{ region: string; cost: number }, { ip?: string }>>()(linear("f", ...many));
same<FlowOf<{ region: string }, { cost: string; ip?: string }>>()(
  linear(
    "f",
    task({ name: "free", provides: "cost", execute: () => "none" }),
    ...([] as (typeof allocate)[]),
  ),
);
same<FlowOf<{}, AnyGives>>()(linear("f", ...erased));
linear("f", someTask, boot, bill);
graph("f", { retry: times(2) }, ...erased);
unordered("f", ...many, ...erased);

declare const needs: NeedsOf<Flow>;
declare const gives: GivesOf<Flow>;
same<AnyNeeds>()(needs);
same<AnyGives>()(gives);
