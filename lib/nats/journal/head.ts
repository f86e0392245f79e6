/** What every message of a journal says of its flow in a header, so that a listing reads nothing else. */
import type { FlowSummary } from "../../journal/journal.ts";

export const headHeader = "Fs-Head";

export const snapshotHeader = "Fs-Snapshot";

/** The latest snapshot, as every message names it from the one after it on. */
export interface Named {
  /** sha256 in hex. */
  readonly hash: string;
  /** Sequence in the stream of the message that it ends with. */
  readonly at: number;
}

export const writeNamed = ({ hash, at }: Named): string => `${hash} ${at}`;

/** Undefined when none is named. */
export function readNamed(text: string | undefined): Named | undefined {
  const [, hash, at] = /^([0-9a-f]{64}) (\d{1,15})$/.exec(text ?? "") ?? [];
  return hash === undefined ? undefined : { hash, at: Number(at) };
}

/** Where a flow stands in a listing. */
export interface Begun {
  /** Wall time of whoever began it, epoch milliseconds and parts of them; tells the order between streams. */
  readonly at: number;
  /** Sequence in the stream of its first message. */
  readonly sequence: number;
}

export interface Head extends FlowSummary {
  readonly begun: Begun;
}

/** The first message doesn't know its own sequence: it says 0. */
export function writeHead(head: Omit<Head, "id">): string {
  const { name, state, createdAt, updatedAt, sequence, epoch, begun } = head;
  return JSON.stringify([
    ...[name, state, createdAt, updatedAt, sequence, epoch],
    ...[begun.at, begun.sequence],
  ]);
}

/**
 * @param at - the message's sequence in the stream
 * @returns a flow in the state DAMAGED, and the oldest of all, for a message that is none of ours
 */
export function readHead(id: string, text: string | undefined, at: number): Head {
  try {
    const list = JSON.parse(text ?? "") as unknown[];
    const [name, state, createdAt, updatedAt, sequence, epoch, begunAt, begun] = list;
    const numbers = [createdAt, updatedAt, sequence, epoch, begunAt, begun];
    if (typeof name === "string" && typeof state === "string" && numbers.every(isNumber)) {
      const [created = 0, updated = 0, last = 0, era = 0, time = 0, first = 0] = numbers;
      return {
        ...{ id, name, state, createdAt: created, updatedAt: updated, sequence: last, epoch: era },
        begun: { at: time, sequence: first === 0 ? at : first },
      };
    }
  } catch {
    // Not ours, then.
  }
  const unknown = { name: "", createdAt: 0, updatedAt: 0, sequence: 0, epoch: 0 };
  return { id, ...unknown, state: "DAMAGED", begun: { at: 0, sequence: at } };
}

const isNumber = (value: unknown): value is number => typeof value === "number";

/** The newest first. */
export const compareHeads = ({ begun: one }: Head, { begun: other }: Head): number =>
  other.at - one.at || other.sequence - one.sequence;

/** As a listing shows it. */
export function summaryOf(head: Head): FlowSummary {
  const { id, name, state, createdAt, updatedAt, sequence, epoch } = head;
  return { id, name, state, createdAt, updatedAt, sequence, epoch };
}
