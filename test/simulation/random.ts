/** Random flows, as fast-check makes and shrinks them. */
import fc from "fast-check";
import type { Direction } from "../../lib/plan/records.ts";
import type { Depth, Item, Link, Retry, Verdict } from "../../lib/types.ts";
import { untyped } from "./flows.ts";
import type { Behaviour } from "./instrument.ts";
import { drawn } from "./time.ts";

/** An attempt fails while its number is below; reverts likewise. 0: never. */
interface Fails {
  readonly below: number;
  readonly revertsBelow: number;
}

interface TaskSpec {
  readonly kind: "task";
  readonly fails: Fails;
  readonly priority: number;
  /** Symbols it would like, as numbers of tasks, whichever there are. */
  readonly wants: readonly number[];
}

interface RetrySpec {
  readonly how: "times" | "forEach" | "scripted";
  readonly attempts: number;
  readonly verdicts: readonly Verdict[];
  readonly waitMs: number;
  readonly fails: Fails;
  readonly reverts: boolean;
}

interface LinkSpec {
  readonly from: number;
  readonly to: number;
  readonly decides: "never" | "yes" | "no" | "odd" | "throws";
  readonly depth: Depth;
}

export interface FlowSpec {
  readonly kind: "flow";
  readonly pattern: "linear" | "unordered" | "graph";
  readonly items: readonly Spec[];
  readonly retry: RetrySpec | undefined;
  readonly links: readonly LinkSpec[];
}

type Spec = TaskSpec | FlowSpec;

export interface Built {
  readonly flow: Item;
  readonly behaviour: Behaviour;
  /** Atoms that fail or whose reverts fail, controllers included, and deciders that throw. */
  readonly troubles: number;
}

/** How often what may fail does. */
const fails = fc.record<Fails>({
  below: fc.oneof(
    { weight: 8, arbitrary: fc.constant(0) },
    { weight: 3, arbitrary: fc.integer({ min: 2, max: 4 }) },
    { weight: 1, arbitrary: fc.constant(99) },
  ),
  revertsBelow: fc.oneof(
    { weight: 14, arbitrary: fc.constant(0) },
    { weight: 1, arbitrary: fc.constantFrom(2, 99) },
  ),
});

const task: fc.Arbitrary<TaskSpec> = fc.record({
  kind: fc.constant("task" as const),
  fails,
  priority: fc.integer({ min: -1, max: 1 }),
  wants: fc.array(fc.nat(15), { maxLength: 3 }),
});

const retry: fc.Arbitrary<RetrySpec> = fc.record({
  how: fc.constantFrom("times" as const, "forEach" as const, "scripted" as const),
  attempts: fc.integer({ min: 1, max: 3 }),
  verdicts: fc.array(fc.constantFrom<Verdict>("RETRY", "RETRY", "REVERT", "REVERT_ALL"), {
    maxLength: 3,
  }),
  waitMs: fc.constantFrom(0, 0, 40),
  fails: fc.oneof(
    { weight: 9, arbitrary: fc.constant({ below: 0, revertsBelow: 0 }) },
    { weight: 1, arbitrary: fails },
  ),
  reverts: fc.boolean(),
});

const link: fc.Arbitrary<LinkSpec> = fc.record({
  from: fc.nat(5),
  to: fc.nat(5),
  decides: fc.oneof(
    {
      weight: 12,
      arbitrary: fc.constantFrom<LinkSpec["decides"]>("never", "yes", "no", "odd", "odd"),
    },
    { weight: 1, arbitrary: fc.constant<LinkSpec["decides"]>("throws") },
  ),
  depth: fc.constantFrom<Depth>("ALL", "FLOW", "NEIGHBORS", "ATOM"),
});

const { flow } = fc.letrec<{ flow: FlowSpec; spec: Spec }>((tie) => ({
  spec: fc.oneof(
    { maxDepth: 3, depthSize: "small" },
    { weight: 3, arbitrary: task },
    { weight: 2, arbitrary: tie("flow") },
  ),
  flow: fc.record({
    kind: fc.constant("flow" as const),
    pattern: fc.constantFrom("linear" as const, "unordered" as const, "graph" as const),
    items: fc.array(tie("spec"), { maxLength: 4 }),
    retry: fc.option(retry, { nil: undefined, freq: 2 }),
    links: fc.array(link, { maxLength: 4 }),
  }),
}));

/** Flows of up to this many tasks. */
export const flows = (most: number): fc.Arbitrary<FlowSpec> =>
  flow.filter((spec) => size(spec) <= most);

const size = (spec: Spec): number =>
  spec.kind === "task" ? 1 : spec.items.reduce((sum, item) => sum + size(item), 0);

export function build(spec: FlowSpec, seed: number): Built {
  const maker = new Maker();
  const made = maker.flow(spec);
  const isTrouble = ({ below, revertsBelow }: Fails): boolean => below > 0 || revertsBelow > 0;
  return {
    flow: made,
    behaviour: {
      fails: (atom, direction, attempt) => {
        const { below = 0, revertsBelow = 0 } = maker.fails.get(atom) ?? {};
        return attempt < (direction === "execute" ? below : revertsBelow);
      },
      delayMs: (atom: string, direction: Direction, attempt: number) => {
        const delay = Math.floor(drawn(seed, atom, direction, attempt) * 8);
        return delay === 7 ? undefined : delay;
      },
      answersMs: (atom) =>
        drawn(seed, atom) < 0.5 ? undefined : Math.floor(drawn(seed, atom, "ms") * 4),
    },
    troubles: [...maker.fails.values()].filter(isTrouble).length + maker.throwing,
  };
}

/** Gives everything a name of its own. */
class Maker {
  readonly fails = new Map<string, Fails>();
  throwing = 0;
  #tasks = 0;
  #flows = 0;

  flow({ pattern, items, retry: spec, links }: FlowSpec): Item {
    const name = `f${String(this.#flows++)}`;
    const controller = spec === undefined ? {} : { retry: this.#retry(spec, name) };
    const made = items.map((item) => (item.kind === "task" ? this.#task(item) : this.flow(item)));
    if (pattern !== "graph") return untyped[pattern](name, controller, ...made);
    const all = links.flatMap((one) => this.#link(one, made));
    return untyped.graph(name, { ...controller, links: all, autoLink: false }, ...made);
  }

  #task({ fails: how, priority, wants }: TaskSpec): Item {
    const name = `t${String(this.#tasks++)}`;
    this.fails.set(name, how);
    const optional = [...new Set(wants.map((want) => `t${String(want)}`))].filter(
      (one) => one !== name,
    );
    const text = (inputs: Record<string, unknown>): string =>
      `${name}(${Object.keys(inputs)
        .sort()
        .map((key) => String(inputs[key]))
        .join()})`.slice(0, 200);
    return untyped.task({ name, provides: name, optional, priority, execute: text, revert: text });
  }

  #retry(
    { how, attempts, verdicts, waitMs, fails: own, reverts }: RetrySpec,
    flowName: string,
  ): Retry {
    const name = `${flowName}_retry`;
    this.fails.set(name, reverts ? own : { ...own, revertsBelow: 0 });
    const paced = waitMs === 0 ? { name } : { name, backoff: { firstMs: waitMs, jitter: "none" } };
    if (how === "times") return untyped.times(attempts, paced);
    if (how === "forEach") return untyped.forEach([1, 2, 1].slice(0, attempts), paced);
    return untyped.retry({
      name,
      execute: (_inputs: unknown, { history }: { history: unknown[] }) => history.length,
      onFailure: (_inputs: unknown, { history }: { history: unknown[] }) => {
        const verdict = verdicts[history.length - 1] ?? "REVERT";
        return verdict === "RETRY" && waitMs > 0 ? { verdict, delayMs: waitMs } : verdict;
      },
      ...(reverts ? { revert: () => "given up" } : {}),
    });
  }

  /** From an earlier item to a later one: no cycles. */
  #link({ from, to, decides, depth }: LinkSpec, items: readonly Item[]): Link[] {
    const [low, high] = [Math.min(from, to), Math.max(from, to)];
    const [one, other] = [items[low], items[high]];
    if (one === undefined || other === undefined || one === other) return [];
    if (decides === "never") return [untyped.link(one, other)];
    if (decides === "throws") this.throwing++;
    const decide = (history: Record<string, unknown>): boolean => {
      if (decides === "throws") throw new Error("no decision");
      return decides === "yes" || (decides === "odd" && drawn(JSON.stringify(history)) < 0.5);
    };
    return [untyped.link(one, other, { decide, depth })];
  }
}
