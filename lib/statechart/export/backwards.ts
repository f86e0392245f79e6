/** A flow backwards: how what was done is undone, in the opposite order. */
import type { Blueprint, ScopePlan } from "../../compile/blueprint.ts";
import { contain, type Place } from "./contain.ts";
import { Keys } from "./keys.ts";
import { linksOf, type Member, membersOf, nameOf } from "./members.ts";
import { type ChartState, ends } from "./state.ts";

export class Backwards {
  readonly #blueprint: Blueprint;
  readonly #members: readonly (readonly Member[])[];

  constructor(blueprint: Blueprint) {
    this.#blueprint = blueprint;
    this.#members = membersOf(blueprint);
  }

  /** @param chart - begins the ids of its states: a flow may be undone in several charts */
  member(member: Member, chart: string): ChartState {
    if (member.kind === "atom") return this.#atom(member.number, chart);
    const scope = this.#blueprint.scopes[member.number] as ScopePlan;
    if (scope.retry < 0) return this.items(member.number, chart);
    // Its controller is undone after all that it was asked about.
    const id = `${chart}:s${member.number}`;
    const items = { ...this.items(member.number, chart), id: `${id}:items` };
    const retry = this.#atom(scope.retry, chart);
    return {
      id,
      initial: "ITEMS",
      states: {
        ITEMS: { ...items, onDone: `#${retry.id ?? ""}` },
        RETRY: { ...retry, onDone: `#${id}:REVERTED` },
        REVERTED: { id: `${id}:REVERTED`, type: "final" },
      },
    };
  }

  /** The items of a flow without its controller. */
  items(number: number, chart: string): ChartState {
    const { name, pattern } = this.#blueprint.scopes[number] as ScopePlan;
    const own = this.#members[number] ?? [];
    const keys = new Keys(["REVERTED"]);
    const places = own.map((member): Place => {
      const key = keys.of(nameOf(member, this.#blueprint));
      return { key, state: this.member(member, chart) };
    });
    const links = pattern === "graph" ? reversed(linksOf(own, this.#blueprint)) : undefined;
    const id = `${chart}:s${number}:items`;
    const rows = pattern === "linear" ? places.reverse() : places;
    return { id, meta: { flow: name }, ...contain(rows, { pattern, links, end: "REVERTED", id }) };
  }

  #atom(atom: number, chart: string): ChartState {
    const { name = "", kind = "task" } = this.#blueprint.atoms[atom] ?? {};
    return {
      id: `${chart}:a${atom}`,
      meta: { [kind]: name },
      initial: "HELD",
      states: {
        HELD: {
          description: "As it was when its turn came to be undone. What runs ends first.",
          on: { [`${name}.revert`]: "REVERTING", [`${name}.untouched`]: "UNTOUCHED" },
        },
        REVERTING: {
          on: { [`${name}.reverted`]: "REVERTED", [`${name}.revertFailed`]: "REVERT_FAILURE" },
        },
        REVERTED: { type: "final" },
        REVERT_FAILURE: {
          description: "Neither done nor undone; a person must look.",
          on: { end: `#${ends.FAILURE}` },
        },
        UNTOUCHED: {
          description: "It never began, or was ruled out: nothing is to be undone.",
          type: "final",
        },
      },
    };
  }
}

function reversed(links: readonly (readonly number[])[]): readonly (readonly number[])[] {
  const back: number[][] = links.map(() => []);
  links.forEach((after, from) => {
    for (const to of after) back[to]?.push(from);
  });
  return back;
}
