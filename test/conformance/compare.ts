/** Compares what was seen with what a case claims: nothing but what is written is claimed. */
import { withLead } from "./crash.ts";
import type { AtomEvent, Case, Expected, Observed } from "./scenario.ts";
import { isDictionary, isList } from "./values.ts";

/** Where they differ, and how, for people. */
export interface Difference {
  readonly path: string;
  readonly expected: unknown;
  readonly observed: unknown;
}

/** Stands for something that was not seen at all. */
export const missing = Symbol("missing");

/** Everything in which the steps that were seen differ from the case; nothing, if it holds. */
export function differences(test: Case, observed: readonly Observed[]): Difference[] {
  const adjusted = withLead(test, observed);
  const found = adjusted.observed.flatMap((seen, index) => {
    const expected = adjusted.expected[index];
    return expected === undefined ? [] : stepDifferences(expected, seen, `/${index}`);
  });
  const { length } = test.expected.steps;
  if (length === observed.length) return found;
  return [...found, { path: "/steps", expected: length, observed: observed.length }];
}

function stepDifferences(expected: Expected, observed: Observed, path: string): Difference[] {
  const { trace, happensBefore = [], atomTransitions = {}, ...facts } = expected;
  const { events, ...seen } = observed;
  const found = deepDifferences(facts, seen, path);
  const transitions = transitionsOf(events);
  for (const [atom, claimed] of Object.entries(atomTransitions)) {
    const told = transitions.get(atom) ?? [];
    found.push(...deepDifferences(claimed, told, `${path}/atomTransitions/${atom}`));
  }
  if (trace !== undefined) {
    found.push(...deepDifferences(trace, events.filter(isTraced), `${path}/trace`));
  }
  const position = new Map(numbered(events).map((event, index) => [event, index]));
  for (const [before, after] of happensBefore) {
    const [first, second] = [position.get(before), position.get(after)];
    if (first === undefined || second === undefined || first >= second) {
      const order = numbered(events).filter((event) => event === before || event === after);
      const pair = `${path}/happensBefore`;
      found.push({ path: pair, expected: [before, after], observed: order });
    }
  }
  return found;
}

/** Objects key by key, more keys may be seen; lists and everything else exactly. */
export function deepDifferences(expected: unknown, observed: unknown, path: string): Difference[] {
  if (isDictionary(expected) && isDictionary(observed)) {
    return Object.entries(expected).flatMap(([key, value]) => {
      const seen = Object.hasOwn(observed, key) ? observed[key] : undefined;
      return deepDifferences(value, seen === undefined ? missing : seen, `${path}/${key}`);
    });
  }
  if (isList(expected) && isList(observed) && expected.length === observed.length) {
    const inside = expected.map((value, index) =>
      deepDifferences(value, observed[index], `${path}/${index}`),
    );
    // After one difference in a list the rest is likely to be shifted, and would only hide it.
    return inside.find((found) => found.length > 0) ?? [];
  }
  return expected === observed ? [] : [{ path, expected, observed }];
}

/** PENDING and IGNORE are written in any order, so that no trace holds them. */
export const isTraced = ([, state]: AtomEvent): boolean =>
  state !== "PENDING" && state !== "IGNORE";

/** The states that each atom entered, in order. */
function transitionsOf(events: readonly AtomEvent[]): Map<string, string[]> {
  const byAtom = new Map<string, string[]>();
  for (const [atom, state] of events) byAtom.set(atom, [...(byAtom.get(atom) ?? []), state]);
  return byAtom;
}

/** Each event as `ATOM:STATE#NTH`. */
function numbered(events: readonly AtomEvent[]): string[] {
  const counts = new Map<string, number>();
  return events.map(([atom, state]) => {
    const name = `${atom}:${state}`;
    const count = (counts.get(name) ?? 0) + 1;
    counts.set(name, count);
    return `${name}#${count}`;
  });
}
