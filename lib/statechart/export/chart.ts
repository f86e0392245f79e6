/**
 * A flow as a state chart: the config of an XState machine that is data only, without guards and actions.
 *
 * `RUNNING` is the flow forwards: a linear flow is a sequence, an unordered one has parallel regions, in a graph each
 * region waits for the ends of those it is linked from. A failure leaves it into one of the mirrored charts backwards:
 * that of the whole flow (`REVERTING`), or of the scope whose controller was asked, to try it again (`UNDOING`) or to
 * give it up (`GIVEN_UP`). Events are those of the machines in actors/, with the atom's name before them, and the
 * controllers' verdicts. So the chart shows every way a run can take; which of several that begin alike is taken,
 * the flow's data decide.
 */
import type { Blueprint, ScopePlan } from "../../compile/blueprint.ts";
import { Backwards } from "./backwards.ts";
import { contain, type Place } from "./contain.ts";
import { ignorableIn } from "./ignorable.ts";
import { keyOf, Keys } from "./keys.ts";
import { linksOf, type Member, membersOf, nameOf, rootOf } from "./members.ts";
import { type ChartState, ends } from "./state.ts";

/** Where the whole flow is undone. */
const undoAll = "undo";

/** The chart of a flow. Its size grows with the atoms and, for each, the controllers around it. */
export function flowChart(blueprint: Blueprint): ChartState {
  const root = rootOf(blueprint);
  const back = new Backwards(blueprint);
  const undo = back.member(root, undoAll);
  return {
    id: keyOf(blueprint.flow),
    meta: { flow: blueprint.flow },
    initial: "RUNNING",
    states: {
      RUNNING: {
        ...new Forwards(blueprint, back).member(root),
        on: { cancel: `#${undo.id ?? ""}` },
        onDone: `#${ends.SUCCESS}`,
      },
      REVERTING: { ...undo, onDone: `#${ends.REVERTED}` },
      SUCCESS: { id: ends.SUCCESS, type: "final" },
      REVERTED: { id: ends.REVERTED, type: "final" },
      FAILURE: { id: ends.FAILURE, type: "final" },
    },
  };
}

class Forwards {
  readonly #blueprint: Blueprint;
  readonly #back: Backwards;
  readonly #members: readonly (readonly Member[])[];
  readonly #ignorable: ReadonlySet<number>;

  constructor(blueprint: Blueprint, back: Backwards) {
    this.#blueprint = blueprint;
    this.#back = back;
    this.#members = membersOf(blueprint);
    this.#ignorable = ignorableIn(blueprint);
  }

  member({ kind, number }: Member): ChartState {
    return kind === "atom" ? this.#atom(number) : this.#scope(number);
  }

  #atom(atom: number): ChartState {
    const { name = "", kind = "task" } = this.#blueprint.atoms[atom] ?? {};
    const mayBeIgnored = this.#ignorable.has(atom);
    const pending: ChartState = {
      on: { [`${name}.start`]: "RUNNING", [`${name}.ignore`]: "IGNORE" },
    };
    return {
      id: `run:a${atom}`,
      meta: { [kind]: name },
      initial: mayBeIgnored ? "PENDING" : "RUNNING",
      states: {
        ...(mayBeIgnored ? { PENDING: pending } : {}),
        RUNNING: { on: { [`${name}.succeeded`]: "SUCCESS", [`${name}.failed`]: "FAILURE" } },
        SUCCESS: { type: "final" },
        FAILURE: { on: this.#afterFailure(atom) },
        ...(mayBeIgnored ? { IGNORE: { type: "final" } } : {}),
      },
    };
  }

  /** The verdicts that an atom's failure can meet, and where each leads. */
  #afterFailure(atom: number): Record<string, string> {
    const { atoms } = this.#blueprint;
    const undoIn = (chart: string): string => `#${chart}:a${atom}.REVERTING`;
    const innermost = atoms[atom]?.retry ?? -1;
    if (innermost < 0) return { [`${atoms[atom]?.name ?? ""}.revert`]: undoIn(undoAll) };
    const ways: Record<string, string> = {};
    let outermost = "";
    for (let retry = innermost; retry >= 0; retry = atoms[retry]?.retry ?? -1) {
      const { name = "", scope = 0 } = atoms[retry] ?? {};
      outermost = name;
      ways[`${name}.RETRY`] = undoIn(`again${scope}`);
      ways[`${name}.REVERT_ALL`] = undoIn(undoAll);
    }
    // Those further in have said so before: the last one settles it.
    ways[`${outermost}.REVERT`] = undoIn(givenUp(atoms[innermost]?.scope ?? 0));
    return ways;
  }

  #scope(number: number): ChartState {
    const scope = this.#blueprint.scopes[number] as ScopePlan;
    const own = this.#members[number] ?? [];
    const keys = new Keys(["SUCCESS"]);
    const places = own.map((member): Place => {
      return { key: keys.of(nameOf(member, this.#blueprint)), state: this.member(member) };
    });
    const links = scope.pattern === "graph" ? linksOf(own, this.#blueprint) : undefined;
    const id = `run:s${number}`;
    const items = contain(places, { pattern: scope.pattern, links, end: "SUCCESS", id });
    const meta = { flow: scope.name, pattern: scope.pattern };
    return scope.retry < 0 ? { id, meta, ...items } : { id, meta, ...this.#retried(number, items) };
  }

  #retried(number: number, items: ChartState): ChartState {
    const { retry = 0 } = this.#blueprint.scopes[number] ?? {};
    const { name = "" } = this.#blueprint.atoms[retry] ?? {};
    const key = new Keys([
      "EXECUTING",
      "UNDOING",
      "RETRYING",
      "GIVEN_UP",
      "REVERTED",
      "SUCCESS",
    ]).of(name);
    const [again, execute] = [`again${number}`, `run:s${number}:items`];
    const undo = this.#back.items(number, again);
    return {
      initial: key,
      states: {
        [key]: { ...this.#atom(retry), onDone: `#${execute}` },
        EXECUTING: { id: execute, ...items, onDone: `#run:s${number}.SUCCESS` },
        UNDOING: {
          description: `For another attempt of "${name}".`,
          ...undo,
          onDone: `#run:s${number}.RETRYING`,
        },
        RETRYING: { on: { [`${name}.start`]: `#run:a${retry}.RUNNING` } },
        ...(number === 0 ? {} : this.#givenUp(number)),
        SUCCESS: { type: "final" },
      },
    };
  }

  #givenUp(number: number): Record<string, ChartState> {
    return {
      GIVEN_UP: {
        ...this.#back.member({ kind: "scope", number }, givenUp(number)),
        onDone: `#run:s${number}.REVERTED`,
      },
      REVERTED: {
        description: "What comes after it never starts; the run ends when all else is done.",
        on: { end: `#${ends.REVERTED}` },
      },
    };
  }
}

/** The whole flow has one chart for being undone, whoever gives it up. */
const givenUp = (scope: number): string => (scope === 0 ? undoAll : `give${scope}`);
