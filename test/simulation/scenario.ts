/** What a simulation is told to do, and how much of everything that could be told a run of the tests tries. */
import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import type { Direction } from "../../lib/plan/records.ts";
import type { Item } from "../../lib/types.ts";
import type { Reference } from "./flows.ts";
import type { Behaviour } from "./instrument.ts";
import type { Fault } from "./store.ts";
import { drawn } from "./time.ts";
import { type End, type Setup, World } from "./world.ts";

/**
 * How many times the usual number of scenarios: `FOURSTROKE_SIMULATE=20 npx tap build/test/simulation` takes a while
 * and tries nearly everything. Default 1.
 */
export const effort = Math.max(0, Number(process.env["FOURSTROKE_SIMULATE"] ?? "1"));

/** An atom that fails, in its first attempt or in all. */
export interface Failing {
  readonly atom: string;
  readonly direction: Direction;
  readonly always: boolean;
}

export interface Scenario {
  readonly concurrency: number;
  readonly async: boolean;
  readonly failing: readonly Failing[];
  readonly faults: readonly (readonly Fault[])[];
}

export const serial: Scenario = { concurrency: 1, async: false, failing: [], faults: [] };
export const parallel: Scenario = { concurrency: 4, async: true, failing: [], faults: [] };

function setupOf({ store }: Pick<Reference, "store">, scenario: Scenario, seed = 1): Setup {
  const { concurrency, async: isAsync, failing, faults } = scenario;
  const fails = (atom: string, direction: Direction, attempt: number): boolean =>
    failing.some(
      (one) => one.atom === atom && one.direction === direction && (one.always || attempt === 1),
    );
  const delayMs = (atom: string, direction: Direction, attempt: number): number =>
    Math.floor(drawn(seed, atom, direction, attempt) * 6);
  const behaviour: Behaviour = isAsync ? { fails, delayMs, answersMs: () => 2 } : { fails };
  return {
    seed,
    concurrency,
    async: isAsync,
    behaviour,
    faults,
    ...(store === undefined ? {} : { store }),
  };
}

/** Runs a flow through a scenario to its end; what goes wrong says which one it was. */
export async function play(
  reference: Reference,
  scenario: Scenario,
  seed = 1,
): Promise<[End, World]> {
  const world = new World(reference.flow, setupOf(reference, scenario, seed));
  return about(reference.flow, scenario, seed, async () => [await world.run(), world]);
}

async function about<Value>(
  flow: Item,
  scenario: unknown,
  seed: number,
  work: () => Promise<Value>,
): Promise<Value> {
  try {
    return await work();
  } catch (error) {
    const text = `${flow.name}, seed ${seed}, ${JSON.stringify(scenario)}`;
    throw new Error(`${text}: ${String(error)}`, { cause: error });
  }
}

/** The very same end. Only what was raised may differ: an owner after a crash has no error to raise but the record. */
export function assertSame(end: End, expected: End, text: string): void {
  const [{ thrown: _one, ...one }, { thrown: _other, ...other }] = [end, expected];
  assert.deepEqual(one, other, text);
}

/** As `assertSame`, but of a flow that was undone, all of it or not, it doesn't matter how far it had come. */
export function isLike(end: End, expected: End): boolean {
  if (end.state !== expected.state) return false;
  if (end.state === "FAILURE") return true;
  if (end.state === "SUCCESS") return isDeepStrictEqual(end.results, expected.results);
  const names = Object.keys(expected.atoms);
  const plain = (atoms: End["atoms"]): string[] =>
    names.map((name) => String(atoms[name]).replace(/REVERTED|IGNORE/, "PENDING"));
  return isDeepStrictEqual(plain(end.atoms), plain(expected.atoms));
}

/** A part of all these, of about this size, chosen by their places; all of them with enough effort. */
export function some<Value>(all: readonly Value[], size: number, seed: string): readonly Value[] {
  const share = (size * effort) / Math.max(1, all.length);
  if (share >= 1) return all;
  return all.filter((_, place) => drawn(seed, place) < share);
}

/** Every way to crash at one of the first appends of a host. */
export const crashes = (appends: number): Fault[] =>
  Array.from({ length: appends }, (_, place) => place + 1).flatMap((at): Fault[] => [
    { at, crash: "before" },
    { at, crash: "after" },
  ]);

/** Appends of the first host. */
export function appendsOf({ hosts: [host] }: World): number {
  assert(host);
  return host.appends;
}
