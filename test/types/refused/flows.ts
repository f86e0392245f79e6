// Flows that must not compile. What stands in backquotes in an expectation must stand
// in the compiler's message: refused.test.ts looks.
import { link } from "../../../lib/decider.ts";
import { graph } from "../../../lib/patterns/graph.ts";
import { linear } from "../../../lib/patterns/linear.ts";
import { unordered } from "../../../lib/patterns/unordered.ts";
import { times } from "../../../lib/retry.ts";
import { task } from "../../../lib/task.ts";

const text = task({ name: "text", provides: "ip", execute: () => "10.0.0.1" });
const perhaps = task({
  name: "perhaps",
  provides: "ip",
  execute: (): string | undefined => undefined,
});
const number = task({
  name: "number",
  requires: ["ip"],
  provides: "n",
  execute: ({ ip }: { ip: number }) => ip,
});
const other = task({ name: "other", requires: ["ip"], execute: ({ ip }: { ip: string }) => ip });
const optional = task({
  name: "optional",
  optional: ["ip"],
  execute: ({ ip }: { ip?: number }) => ip,
});
const attempted = task({
  name: "attempted",
  requires: ["attempt"],
  execute: ({ attempt }: { attempt: string }) => attempt,
});

// Given as one type and taken as another.

// @ts-expect-error `"ip\" is given as one type and taken as another`: `Mismatch<"ip", string, number>`
linear("f", text, number);
// @ts-expect-error `Mismatch<"ip", string | undefined, string>`
linear("f", perhaps, other);
// @ts-expect-error an optional input is passed when it is there: `Mismatch<"ip", string, number`
linear("f", text, optional);
// @ts-expect-error `Mismatch<"ip", string, number>`
graph("f", number, text);
// @ts-expect-error `Mismatch<"ip", string, number>`, in a flow inside
linear("f", text, unordered("u", linear("l", number)));
// @ts-expect-error `Mismatch<"ip", string, number>`, from a flow inside
linear("f", linear("l", text), number);
// @ts-expect-error `Mismatch<"attempt", number, string>`, from the controller
linear("f", { retry: times(3, { provides: "attempt" }) }, attempted);
// @ts-expect-error `Mismatch<"attempt", number, string>`, from the controller
unordered("f", { retry: times(3, { provides: "attempt" }) }, attempted);
// @ts-expect-error `Mismatch<"attempt", number, string>`, from the controller
graph("f", { retry: times(3, { provides: "attempt" }) }, attempted);
// @ts-expect-error `Mismatch<"ip", string, number>`, far behind
linear("f", text, other, other, other, other, other, other, other, other, other, number);

// The nearest provider counts.
// @ts-expect-error `Mismatch<"ip", number, string>`
linear("f", text, task({ name: "n", provides: "ip", execute: () => 1 }), other);

// Taken as types that exclude each other.

// @ts-expect-error `no value of "ip"` is both a text and a number
unordered("f", number, other);
// @ts-expect-error `no value of "ip"` is both a text and a number
linear("f", number, other);
// @ts-expect-error `no value of "ip"` is both a text and a number
graph("f", linear("l", number), other);

// What is no item, no option.

// @ts-expect-error a name is a `string`
linear(text);
// @ts-expect-error a controller is no `Item`
linear("f", times(3));
// @ts-expect-error options go before the items: `Item`
linear("f", text, { retry: times(3) });
// @ts-expect-error `'rety'` is no option
linear("f", { rety: times(3) }, text);
// @ts-expect-error a linear flow has no `links`: `FlowOptions`
linear("f", { links: [] }, text);
// @ts-expect-error an unordered flow has no `target`: `FlowOptions`
unordered("f", { target: text }, text);
// @ts-expect-error a controller is a `Retry`
linear("f", { retry: text }, text);
// @ts-expect-error links are made by link(): `Link`
graph("f", { links: [{ from: "a", to: "b" }] }, text);
// @ts-expect-error it is a list of links: `Link`
graph("f", { links: link(text, other) }, text, other);
// @ts-expect-error autoLink is a `boolean`
graph("f", { autoLink: "no" }, text);
// @ts-expect-error items are given one by one: `Item | FlowOptions`
linear("f", [text, other]);
