/**
 * A journal in a file: flows survive their process, and on `disk` a power cut. Several processes of
 * one host may use the same file at once.
 *
 * `process`: a commit is a call on the caller's thread, of some 15 microseconds, and everything
 * that is appended in one turn of the event loop shares it. A power cut may lose the last moments,
 * never more. `disk`: commits wait for the disk on a thread of their own, and whatever arrives
 * meanwhile is the next commit.
 *
 * What is written is checked when it is read: each batch has a checksum, knows the one before it,
 * and the flow's row knows the last one. Not found out can only be a cut of the write-ahead log
 * after a crash, which takes the end of the log as a power cut would.
 */
import { mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { FlowError } from "../errors.ts";
import type { Batch } from "../plan/records.ts";
import type { FlowQuery, FlowSummary, Journal } from "./journal.ts";
import { encodeBatch } from "./record.ts";
import { adopts, nameIn } from "./rules.ts";
import { Connection } from "./sqlite/connection.ts";
import { errorOf, type Refusal } from "./sqlite/faults.ts";
import { type Lane, LocalLane, ThreadLane } from "./sqlite/lane.ts";
import { Reader } from "./sqlite/reader.ts";
import { endsIn, type Purge } from "./sqlite/remover.ts";
import type { StoreOptions } from "./sqlite/schema.ts";
import { type Reply, type Request, Work } from "./sqlite/work.ts";
import type { Entry } from "./sqlite/writer.ts";

export type { Purge };

/** How many appends one transaction takes: other processes want to write in between. */
const mostAtOnce = 1_000;

const leastBytes = 64 * 1024;

export interface SqliteOptions {
  /** Folder of the journal, made if it is missing; the file in it is `journal.db`. */
  readonly dir?: string;
  /** Or the file itself, in a folder that is there. */
  readonly file?: string;
  /** What an acknowledged append survives. Default `disk`. */
  readonly durability?: "process" | "disk";
  /** How long to wait for other processes that write, in whole milliseconds. Default 5,000. */
  readonly busyTimeoutMs?: number;
  /** The most the file may grow to, at least 64 KiB. Default: as far as the disk lets it. */
  readonly maxBytes?: number;
}

/** A journal in a file. */
export interface SqliteJournal extends Journal {
  readonly durability: "process" | "disk";

  /** As in `Journal`; settles when the commit that the batch is part of is durable. */
  append(flow: string, batch: Batch, state: string): Promise<void>;

  /**
   * Forgets flows that ended long enough ago, and what only they used. Their room is used again;
   * the file doesn't shrink.
   *
   * @returns how many flows were forgotten
   * @throws FlowError as `remove` does, and `INVALID_OPTION` for a state that is no end
   */
  purge(what: Purge): Promise<number>;
}

/**
 * Opens a journal, or makes it.
 *
 * @throws FlowError `INVALID_OPTION`; `JOURNAL_UNAVAILABLE` when the file can't be opened, is
 *   another program's or a newer version's, or there is no SQLite; `JOURNAL_DAMAGED` when it is no
 *   journal any more
 */
export function sqliteJournal(options: SqliteOptions): SqliteJournal {
  return new FileJournal(checked(options));
}

interface Append {
  readonly entry: Entry;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** Something else that has to wait for its turn. */
interface Job {
  readonly entry?: undefined;
  readonly run: () => Promise<void>;
}

class FileJournal implements SqliteJournal {
  readonly durability: "process" | "disk";
  private readonly connection: Connection;
  private readonly reader: Reader;
  private readonly lane: Lane;
  // Bounded by what flows have under way: each waits for its append before it makes the next.
  private queue: (Append | Job)[] = [];
  private isScheduled = false;
  private isBusy = false;
  private closing: Promise<void> | undefined;

  constructor(options: StoreOptions) {
    this.durability = options.durability;
    this.connection = new Connection(options);
    this.reader = new Reader(this.connection);
    this.lane =
      options.durability === "disk"
        ? new ThreadLane(options)
        : new LocalLane(new Work(this.connection));
  }

  append(flow: string, batch: Batch, state: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.assertOpen();
      this.queue.push({ entry: entryOf(flow, batch, state), resolve, reject });
      this.schedule();
    });
  }

  read(flow: string): Promise<readonly Batch[]> {
    return this.answer(() => this.reader.read(flow));
  }

  list(query?: FlowQuery): Promise<readonly FlowSummary[]> {
    return this.answer(() => this.reader.list(query));
  }

  async remove(flow: string): Promise<void> {
    this.assertOpen();
    await this.request({ kind: "remove", flow }, flow);
  }

  async purge(purge: Purge): Promise<number> {
    this.assertOpen();
    endsIn(purge.states);
    return this.request({ kind: "purge", purge }, "");
  }

  close(): Promise<void> {
    this.closing ??= this.inTurn(async () => {
      await this.lane.close();
      this.connection.close();
    });
    return this.closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  private request(request: Request, flow: string): Promise<number> {
    return this.inTurn(async () => {
      const reply = await this.lane.ask(request);
      if ("forgotten" in reply) return reply.forgotten;
      throw errorOf(refusalIn(reply, 0) ?? { code: "FENCED" }, flow, 0, 0);
    });
  }

  /** Does a job after everything that was asked before it. */
  private inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.queue.push({ run: () => work().then(resolve, reject) });
      this.schedule();
    });
  }

  /** Reads at once; what goes wrong is a rejection. */
  private answer<Answer>(give: () => Answer): Promise<Answer> {
    return new Promise((resolve) => {
      this.assertOpen();
      resolve(give());
    });
  }

  private assertOpen(): void {
    if (this.closing === undefined) return;
    throw new FlowError("JOURNAL_UNAVAILABLE", { problem: "it is closed" });
  }

  /** Once this turn has appended what it appends, that is one commit. */
  private schedule(): void {
    if (this.isScheduled || this.isBusy) return;
    this.isScheduled = true;
    queueMicrotask(() => {
      this.isScheduled = false;
      this.flush();
    });
  }

  private flush(): void {
    const next = this.queue[0];
    if (next === undefined) return;
    if (next.entry === undefined) {
      this.queue.shift();
      this.wait(next.run());
      return;
    }
    const group = this.takeAppends();
    try {
      const reply = this.lane.ask({ kind: "commit", entries: group.map(({ entry }) => entry) });
      if (reply instanceof Promise) {
        this.wait(
          reply.then(
            (reply) => this.settle(group, reply),
            (error: unknown) => this.fail(group, error),
          ),
        );
      } else {
        this.settle(group, reply);
      }
    } catch (error) {
      this.fail(group, error);
    }
    if (this.queue.length > 0) this.schedule();
  }

  /** What comes meanwhile is the next commit. */
  private wait(work: Promise<void>): void {
    this.isBusy = true;
    void work.finally(() => {
      this.isBusy = false;
      if (this.queue.length > 0) this.schedule();
    });
  }

  /** The appends at the head of the queue. */
  private takeAppends(): Append[] {
    const group: Append[] = [];
    for (const item of this.queue) {
      if (item.entry === undefined || group.length === mostAtOnce) break;
      group.push(item);
    }
    this.queue = group.length === this.queue.length ? [] : this.queue.slice(group.length);
    return group;
  }

  private settle(group: readonly Append[], reply: Reply): void {
    let refused: Map<string, FlowError> | undefined;
    group.forEach(({ entry, resolve, reject }, i) => {
      const refusal = refusalIn(reply, i);
      if (refusal === undefined) {
        resolve();
      } else {
        const error = errorOf(refusal, entry.flow, entry.epoch, entry.first - 1);
        refused ??= new Map();
        refused.set(entry.flow, error);
        reject(error);
      }
    });
    if (refused !== undefined) this.refuse(refused);
  }

  private fail(group: readonly Append[], error: unknown): void {
    const reason = error instanceof Error ? error : new Error(String(error));
    for (const { reject } of group) reject(reason);
    this.refuse(new Map(group.map(({ entry }) => [entry.flow, reason])));
  }

  /** What waits behind a refused append of its flow builds upon it, and goes the same way. */
  private refuse(flows: ReadonlyMap<string, Error>): void {
    this.queue = this.queue.filter((item) => {
      const reason = item.entry === undefined ? undefined : flows.get(item.entry.flow);
      if (item.entry !== undefined && reason !== undefined) item.reject(reason);
      return reason === undefined;
    });
  }
}

function entryOf(flow: string, batch: Batch, state: string): Entry {
  const { at, epoch, first, records } = batch;
  const { bytes, parts } = encodeBatch(batch);
  return {
    flow,
    name: nameIn(batch),
    state,
    at,
    epoch,
    adopts: adopts(batch),
    first,
    count: records.length,
    bytes,
    parts,
  };
}

/** Why the entry at a place in its group was not written. */
function refusalIn(reply: Reply, place: number): Refusal | undefined {
  if ("refusal" in reply) return reply.refusal;
  return "verdicts" in reply ? reply.verdicts[place] : undefined;
}

function checked(options: SqliteOptions): StoreOptions {
  const { dir, file, durability = "disk", busyTimeoutMs = 5_000, maxBytes } = options;
  const refuse = (option: string, problem: string) =>
    new FlowError("INVALID_OPTION", { option, problem });
  if ((dir === undefined) === (file === undefined)) {
    throw refuse("dir", "give either a folder as dir or a file as file");
  }
  if (!["process", "disk"].includes(durability)) {
    throw refuse("durability", `"${durability}" is neither "process" nor "disk"`);
  }
  if (!Number.isSafeInteger(busyTimeoutMs) || busyTimeoutMs < 0) {
    throw refuse("busyTimeoutMs", `${busyTimeoutMs} is not a whole number of milliseconds`);
  }
  if (maxBytes !== undefined && !(Number.isSafeInteger(maxBytes) && maxBytes >= leastBytes)) {
    throw refuse("maxBytes", `${maxBytes} is not a whole number of at least ${leastBytes}`);
  }
  const path = dir === undefined ? resolve(file ?? "") : join(makeFolder(dir), "journal.db");
  return { file: path, durability, busyTimeoutMs, maxBytes };
}

/** Only its owner may look into a folder that is made here: payloads may be secret. */
function makeFolder(dir: string): string {
  const path = resolve(dir);
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
  } catch (cause) {
    const problem = `${path}: ${cause instanceof Error ? cause.message : String(cause)}`;
    throw new FlowError("JOURNAL_UNAVAILABLE", { problem }, { cause });
  }
  return path;
}
