/** What tests of engines have in common: tasks that wait to be told, journals that do, and no sleeping. */
import assert from "node:assert/strict";
import type { Engine } from "../../actors/engine.ts";
import type { EngineOptions } from "../../actors/options.ts";
import { load } from "../../actors/run.ts";
import type { Journal } from "../../lib/journal/journal.ts";
import { memoryJournal } from "../../lib/journal/memory.ts";
import type { Batch, FlowRecord } from "../../lib/plan/records.ts";
import type { Item, Task } from "../../lib/types.ts";
import { SimClock, Time } from "../simulation/time.ts";
import { untyped } from "../simulation/flows.ts";

/** Lets everything that can go on do so. */
export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Turns of the event loop that something may take. */
const mostTurns = 1_000;

export async function until(condition: () => boolean, what = "it happens"): Promise<void> {
  for (let turns = 0; turns < mostTurns; turns++) {
    if (condition()) return;
    await turn();
  }
  assert.fail(`waited in vain until ${what}`);
}

/** What a promise came to; undefined while it is open. */
export function watch<Value>(promise: Promise<Value>): {
  value?: Value;
  error?: unknown;
  isSettled: boolean;
} {
  const seen: { value?: Value; error?: unknown; isSettled: boolean } = { isSettled: false };
  promise.then(
    (value) => Object.assign(seen, { value, isSettled: true }),
    (error: unknown) => Object.assign(seen, { error, isSettled: true }),
  );
  return seen;
}

/** One call of a held task. */
export interface HeldCall {
  readonly direction: "execute" | "revert";
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly attempt: number;
  readonly key: string;
  readonly signal: AbortSignal;
  progress(fraction: number, details?: unknown): void;
  succeed(value?: unknown): void;
  fail(message: string): void;
}

/** Tasks whose calls stay open until the test ends them. */
export class Stage {
  readonly calls: { readonly name: string; readonly call: HeldCall }[] = [];

  task(name: string, more: Readonly<Record<string, unknown>> = {}): Task {
    const called =
      (direction: HeldCall["direction"]) => (inputs: HeldCall["inputs"], context: HeldCall) =>
        new Promise((resolve, reject) => {
          const { attempt, key, signal, progress } = context;
          const call = { direction, inputs, attempt, key, signal, progress, succeed: resolve };
          const fail = (message: string): void => {
            reject(new Error(message));
          };
          this.calls.push({ name, call: { ...call, fail } });
        });
    return untyped.task({
      name,
      provides: name,
      execute: called("execute"),
      revert: called("revert"),
      ...more,
    });
  }

  /** Waits for the call of an attempt. */
  async call(
    name: string,
    direction: HeldCall["direction"] = "execute",
    attempt = 1,
  ): Promise<HeldCall> {
    const find = () =>
      this.calls.find(
        ({ name: other, call }) =>
          other === name && call.direction === direction && call.attempt === attempt,
      );
    await until(
      () => find() !== undefined,
      `${name} is called to ${direction}, attempt ${attempt}`,
    );
    return find()!.call;
  }

  /** All calls so far, `name direction attempt`. */
  get log(): string[] {
    return this.calls.map(({ name, call }) => `${name} ${call.direction} ${call.attempt}`);
  }
}

/** An append that waits for the test's word. */
export interface HeldAppend {
  readonly batch: Batch;
  /** Stores it, and says so. */
  store(): void;
  refuse(error: Error): void;
  /** Stores it, and says that it did not. */
  storeSilently(error: Error): void;
}

/** A journal in memory whose appends stay open until the test ends them. */
export class HeldJournal implements Journal {
  readonly durability = "none";
  readonly inner = memoryJournal();
  readonly appends: HeldAppend[] = [];
  /** Refuses to be read with this. */
  unreadable: Error | undefined;
  /** Stores at once, like any other. */
  isOpen = false;

  append(flow: string, batch: Batch, state: string): undefined | Promise<void> {
    if (this.isOpen) {
      void this.inner.append(flow, batch, state);
      return undefined;
    }
    return new Promise((resolve, reject) => {
      this.appends.push({
        batch,
        store: () => {
          try {
            void this.inner.append(flow, batch, state);
            resolve();
          } catch (error) {
            reject(error);
          }
        },
        refuse: reject,
        storeSilently: (error) => {
          void this.inner.append(flow, batch, state);
          reject(error);
        },
      });
    });
  }

  /** Waits for the append that comes as the nth, from 1. */
  async nth(nth: number): Promise<HeldAppend> {
    await until(() => this.appends.length >= nth, `append ${nth} comes`);
    return this.appends[nth - 1]!;
  }

  /** Stores the appends up to the nth, each as it comes. */
  async storeUpTo(nth: number): Promise<void> {
    for (let at = this.#stored + 1; at <= nth; at++) {
      (await this.nth(at)).store();
      this.#stored = at;
    }
    await turn();
  }

  #stored = 0;

  read(flow: string): Promise<readonly Batch[]> {
    if (this.unreadable !== undefined) return Promise.reject(this.unreadable);
    return this.inner.read(flow);
  }

  list(): Promise<never[]> {
    return Promise.resolve([]);
  }

  remove(flow: string): Promise<void> {
    return this.inner.remove(flow);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** Records of a flow, blueprints left out: `kind` and what tells them apart. */
export async function recordsOf(journal: Journal, flow: string): Promise<string[]> {
  const batches = await journal.read(flow);
  return batches.flatMap(({ records }) => records.map(textOf));
}

function textOf(record: FlowRecord): string {
  switch (record.kind) {
    case "started":
      return `started ${record.atom} ${record.direction} ${record.attempt}`;
    case "executed":
    case "reverted":
      return `${record.kind} ${record.atom} ${record.attempt}${record.failure === undefined ? "" : " failed"}`;
    case "ended":
      return `ended ${record.state}`;
    case "suspend":
    case "cancel":
      return `${record.kind} ${record.withdraws.map(({ atom }) => atom).join()}`.trim();
    case "retryDecided":
      return `retryDecided ${record.retry} ${record.atom} ${record.verdict}`;
    case "decided":
      return `decided ${record.atom} ${record.failure === undefined ? String(record.runs) : "failed"}`;
    default:
      return record.kind;
  }
}

/** States of all atoms. */
export function statesOf(engine: Engine): Record<string, string> {
  return Object.fromEntries(engine.storage.atoms().map(({ name, state }) => [name, state]));
}

/** Time that only passes when the test says so. */
export class Pocket {
  readonly time = new Time();
  readonly clock = new SimClock(this.time);

  /** Lets a number of virtual milliseconds pass, with all that happens in them. */
  async pass(ms: number): Promise<void> {
    const end = this.time.now + ms;
    for (;;) {
      await turn();
      const next = this.time.dueAt;
      if (next === undefined || next > end) break;
      this.time.next();
    }
    this.time.advance(end);
    await turn();
  }
}

/** An engine in a pocket of time. */
export function engineIn(pocket: Pocket, flow: Item, options: EngineOptions = {}): Engine {
  return load(flow, { clock: pocket.clock, random: () => 0.5, id: "flow", ...options });
}

/** A task that does at once what it is told. */
export function quick(name: string, more: Readonly<Record<string, unknown>> = {}): Task {
  return untyped.task({
    name,
    provides: name,
    execute: () => name,
    revert: () => `not ${name}`,
    ...more,
  });
}

/** A task that fails in its attempts below `from`. */
export function failing(
  name: string,
  from = 99,
  more: Readonly<Record<string, unknown>> = {},
): Task {
  return quick(name, {
    execute: (_inputs: unknown, { attempt }: { attempt: number }) => {
      if (attempt < from) throw new Error(`${name} failed`);
      return name;
    },
    ...more,
  });
}
