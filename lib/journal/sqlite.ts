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
import { FlowError } from "../errors.ts";
import type { Batch } from "../plan/records.ts";
import type { FlowQuery, FlowSummary, Journal } from "./journal.ts";
import { encodeBatch } from "./record.ts";
import { adopts, nameIn } from "./rules.ts";
import { Connection } from "./sqlite/connection.ts";
import { errorOf, type Refusal } from "./sqlite/faults.ts";
import { type Lane, LocalLane, ThreadLane } from "./sqlite/lane.ts";
import { storeOptions } from "./sqlite/options.ts";
import { Reader } from "./sqlite/reader.ts";
import { endsIn, type Purge } from "./sqlite/remover.ts";
import type { StoreOptions } from "./sqlite/schema.ts";
import { type Reply, type Request, Work } from "./sqlite/work.ts";
import type { Entry } from "./sqlite/writer.ts";

export type { Purge };

/**
 * How many appends one transaction takes: other processes want to write in between. On `disk` it is less, so that flows
 * go on here with what is durable while the thread commits the rest.
 */
const mostAtOnce = { process: 1_000, disk: 256 } as const;

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
  return new FileJournal(storeOptions(options, "journal.db"));
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
        this.await(group, reply);
      } else {
        this.settle(group, reply)();
      }
    } catch (error) {
      this.fail(group, error);
    }
    if (this.queue.length > 0) this.schedule();
  }

  /** The next commit is on its way before anybody hears of this one; but first of all, what it refuses goes. */
  private await(group: readonly Append[], reply: Promise<Reply>): void {
    this.isBusy = true;
    const next = (): void => {
      this.isBusy = false;
      if (!this.isScheduled) this.flush();
    };
    reply.then(
      (reply) => {
        const tell = this.settle(group, reply);
        next();
        tell();
      },
      (error: unknown) => {
        this.fail(group, error);
        next();
      },
    );
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
      if (item.entry === undefined || group.length === mostAtOnce[this.durability]) break;
      group.push(item);
    }
    this.queue = group.length === this.queue.length ? [] : this.queue.slice(group.length);
    return group;
  }

  /** Lets what was refused take along what waits behind it. @returns tells the group what became of it */
  private settle(group: readonly Append[], reply: Reply): () => void {
    const refused = new Map<string, FlowError>();
    const errors = group.map(({ entry: { flow, epoch, first } }, i) => {
      const refusal = refusalIn(reply, i);
      const error = refusal && errorOf(refusal, flow, epoch, first - 1);
      if (error !== undefined) refused.set(flow, error);
      return error;
    });
    if (refused.size > 0) this.refuse(refused);
    return () => {
      group.forEach(({ resolve, reject }, i) => {
        const error = errors[i];
        if (error === undefined) resolve();
        else reject(error);
      });
    };
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
