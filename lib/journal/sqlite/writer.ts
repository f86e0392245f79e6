/** Commits groups of appends: one transaction for a group, a compare-and-set for each (I5). */
import { type Part, rootChecksum, seal } from "../record.ts";
import type { Connection } from "./connection.ts";
import { type Refusal, refusalOf } from "./faults.ts";
import { findHead, type Head, sealOf, seedOf } from "./head.ts";

/** One append on its way. Plain data: it may cross a thread. */
export interface Entry {
  readonly flow: string;
  /** The root flow's name; only that of a first batch counts. */
  readonly name: string;
  readonly state: string;
  readonly at: number;
  readonly epoch: number;
  /** Whether it holds `adopted`, and so may begin an epoch. */
  readonly adopts: boolean;
  readonly first: number;
  readonly count: number;
  /** The batch, without its checksums. */
  readonly bytes: Uint8Array;
  readonly parts: readonly Part[];
}

/** What became of an entry: it is written, or why it isn't. */
export type Verdict = Refusal | undefined;

/** How many flows' rows are remembered, so that an append need not read the row that it changes. */
const mostHeads = 10_000;

const fenced: Refusal = { code: "FENCED" };

const addBatch = "INSERT INTO batches(flow, previous, body) VALUES(?, ?, ?)";
const dropBatch = "DELETE FROM batches WHERE row = ?";
const addFlow =
  "INSERT INTO flows(number, id, name, state, created_at, updated_at, sequence, epoch, " +
  "checksum, last, seal) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
const setFlow =
  "UPDATE flows SET state = ?, updated_at = ?, sequence = ?, epoch = ?, checksum = ?, last = ?, " +
  "seal = ? WHERE number = ? AND sequence = ? AND epoch = ? AND checksum = ?";
const findBlob = "SELECT number FROM blobs WHERE hash = ?";
const addBlob = "INSERT INTO blobs(hash, body) VALUES(?, ?)";
const addUse = "INSERT OR IGNORE INTO uses(flow, blob) VALUES(?, ?)";

export class Writer {
  private readonly connection: Connection;
  private readonly heads = new Map<string, Head>();

  constructor(connection: Connection) {
    this.connection = connection;
  }

  /**
   * Writes all entries that may be written, in order. A flow that is fenced or damaged doesn't keep
   * the others from theirs; a refused entry takes those of its flow that follow it along.
   */
  commit(entries: readonly Entry[]): Verdict[] {
    try {
      return this.connection.writing(() => each(entries, (entry) => this.place(entry)));
    } catch (error) {
      for (const { flow } of entries) this.heads.delete(flow);
      const refusal = refusalOf(error, entries[0]?.first ?? 0);
      if (refusal.code !== "JOURNAL_DAMAGED" || entries.length === 1) {
        return entries.map(() => refusal);
      }
    }
    // One flow's damage has undone the whole group: now each of them for itself.
    return each(entries, (entry) => this.commit([entry])[0]);
  }

  /** What is remembered of a flow isn't so any more. */
  forget(flow: string): void {
    this.heads.delete(flow);
  }

  private place(entry: Entry): Verdict {
    if (entry.first === 1) return this.begin(entry);
    const known = this.heads.get(entry.flow);
    if (known?.sequence === entry.first - 1 && this.follow(known, entry)) return undefined;
    // Not known, or changed by another process since it was.
    this.heads.delete(entry.flow);
    const head = findHead(this.connection, entry.flow);
    if (head?.sequence !== entry.first - 1 || !this.follow(head, entry)) return fenced;
    this.remember(head);
    return undefined;
  }

  /** Adds a flow's next batch. @returns false when the flow's row isn't what `head` says */
  private follow(head: Head, entry: Entry): boolean {
    const { sequence, epoch, checksum } = head;
    if (!mayFollow(entry, epoch)) return false;
    const { connection } = this;
    const sealed = seal(entry.bytes, checksum);
    const batch = connection.statement(addBatch).run(head.number, head.last, entry.bytes);
    const row = batch.lastInsertRowid;
    head.state = entry.state;
    head.updatedAt = entry.at;
    head.sequence = sequence + entry.count;
    head.epoch = entry.epoch;
    head.checksum = sealed;
    head.last = row;
    const { changes } = connection
      .statement(setFlow)
      // biome-ignore format: the values of SET, then those of WHERE
      .run(
      head.state,
      head.updatedAt,
      head.sequence,
      head.epoch,
      sealed,
      row,
      sealOf(head),
      head.number,
      sequence,
      epoch,
      checksum,
    );
    if (changes === 0) {
      connection.statement(dropBatch).run(row);
      return false;
    }
    this.keep(entry);
    return true;
  }

  /** Adds a flow and its first batch. */
  private begin(entry: Entry): Verdict {
    const { connection } = this;
    if (!mayFollow(entry, 0)) return fenced;
    // Also looks whether the flow has lost its row.
    if (findHead(connection, entry.flow) !== undefined) return fenced;
    const { flow: id, name, state, at, epoch, count } = entry;
    const checksum = seal(entry.bytes, rootChecksum(id));
    const row = connection.statement(addBatch).run(null, 0, entry.bytes).lastInsertRowid;
    const head: Head = {
      number: row,
      id,
      name,
      createdAt: at,
      state,
      updatedAt: at,
      sequence: count,
      epoch,
      checksum,
      last: row,
      seed: seedOf(id, name),
    };
    connection
      .statement(addFlow)
      .run(row, id, name, state, at, at, count, epoch, checksum, row, sealOf(head));
    this.keep(entry);
    this.remember(head);
    return undefined;
  }

  /** Stores what goes beside the batch, unless it is there, and that this flow needs it. */
  private keep({ flow, parts }: Entry): void {
    const { connection } = this;
    for (const { hash, bytes } of parts) {
      const found = connection.statement(findBlob).get(hash)?.["number"];
      const blob =
        typeof found === "number"
          ? found
          : connection.statement(addBlob).run(hash, bytes).lastInsertRowid;
      connection.statement(addUse).run(flow, blob);
    }
  }

  private remember(head: Head): void {
    const [oldest] = this.heads.size < mostHeads ? [] : this.heads.keys();
    if (oldest !== undefined) this.heads.delete(oldest);
    this.heads.set(head.id, head);
  }
}

/** As `epochFollows` in lib/journal/rules.ts. */
const mayFollow = (entry: Entry, last: number): boolean =>
  entry.epoch === last || (entry.epoch === last + 1 && entry.adopts);

/** The entries' verdicts in order; what follows a refused one of its flow is refused as well. */
function each(entries: readonly Entry[], place: (entry: Entry) => Verdict): Verdict[] {
  const refused = new Map<string, Refusal>();
  return entries.map((entry) => {
    const verdict = refused.get(entry.flow) ?? place(entry);
    if (verdict !== undefined) refused.set(entry.flow, verdict);
    return verdict;
  });
}
