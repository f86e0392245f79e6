/** Commits groups of appends: one transaction for a group, a compare-and-set for each (I5). */
import { type Part, rootChecksum, seal } from "../record.ts";
import type { Connection } from "./connection.ts";
import type { Parameter } from "./driver.ts";
import { damaged, type Refusal, refusalOf } from "./faults.ts";
import { findHead, type Head, headBytes, makeHead, sealed } from "./head.ts";

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

/** Many rows in one statement cost a third of as many statements. */
const batchesAtOnce = 16;

const fenced: Refusal = { code: "FENCED" };

const addBatch = "INSERT INTO batches(flow, previous, body) VALUES(?, ?, ?)";
const addBatches = addBatch + ", (?, ?, ?)".repeat(batchesAtOnce - 1);
const dropBatch = "DELETE FROM batches WHERE row = ?";
const addFlow =
  "INSERT INTO flows(number, id, name, state, created_at, updated_at, head) " +
  "VALUES(?, ?, ?, ?, ?, ?, ?)";
const setFlow = "UPDATE flows SET updated_at = ?, head = ? WHERE number = ? AND head = ?";
const setState =
  "UPDATE flows SET updated_at = ?, head = ?, state = ? WHERE number = ? AND head = ?";
// Heads and what they were go in one blob: each parameter more costs as much as reading a row.
const setFlows =
  "UPDATE flows SET updated_at = v.column1, head = v.column2 FROM (VALUES " +
  Array.from({ length: batchesAtOnce }, (_, i) => {
    const head = 1 + 2 * headBytes * i;
    const [at, number] = [2 * i + 2, 2 * i + 3];
    return `(?${at}, substr(?1, ${head}, ${headBytes}), ?${number}, substr(?1, ${head + headBytes}, ${headBytes}))`;
  }).join(", ") +
  ") AS v WHERE number = v.column3 AND flows.head = v.column4";
const isHead = "SELECT 1 AS same FROM flows WHERE number = ? AND head = ?";
/** One call in place of the two of `findHead`. */
const isKnown = `SELECT EXISTS(SELECT 1 FROM flows WHERE id = ?)
  OR EXISTS(SELECT 1 FROM uses WHERE flow = ?) AS known`;
const addUse = "INSERT OR IGNORE INTO uses(flow, blob) SELECT ?, number FROM blobs WHERE hash = ?";
const addBlob = "INSERT OR IGNORE INTO blobs(hash, body) VALUES(?, ?)";

/** A batch that may be written, as far as is known without trying. */
interface Step {
  readonly entry: Entry;
  /** The entry's place in its group. */
  readonly place: number;
  /** What it follows; undefined for a flow's first batch. */
  readonly head: Head | undefined;
  /** Of the batch, which is sealed. */
  readonly checksum: number;
}

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
      return this.connection.writing(() => this.write(entries));
    } catch (error) {
      for (const { flow } of entries) this.heads.delete(flow);
      const refusal = refusalOf(error, entries[0]?.first ?? 0);
      if (refusal.code !== "JOURNAL_DAMAGED" || entries.length === 1) {
        return entries.map(() => refusal);
      }
    }
    // One flow's damage has undone the whole group: now each of them for itself.
    const refused = new Map<string, Verdict>();
    return entries.map((entry) => {
      const verdict = refused.get(entry.flow) ?? this.commit([entry])[0];
      if (verdict !== undefined) refused.set(entry.flow, verdict);
      return verdict;
    });
  }

  /** What is remembered of a flow isn't so any more. */
  forget(flow: string): void {
    this.heads.delete(flow);
  }

  private write(entries: readonly Entry[]): Verdict[] {
    const verdicts = new Array<Verdict>(entries.length).fill(undefined);
    const refused = new Set<string>();
    const steps = new Map<string, Step>();
    const refuse = (entry: Entry, place: number): void => {
      verdicts[place] = fenced;
      refused.add(entry.flow);
    };
    const takeSteps = (): void => {
      for (const { entry, place } of this.addAll([...steps.values()])) refuse(entry, place);
      steps.clear();
    };
    entries.forEach((entry, place) => {
      // A flow's next batch needs the row of the one before it.
      if (steps.size === batchesAtOnce || steps.has(entry.flow)) takeSteps();
      const step = refused.has(entry.flow) ? undefined : this.stepOf(entry, place);
      if (step === undefined) refuse(entry, place);
      else steps.set(entry.flow, step);
    });
    takeSteps();
    return verdicts;
  }

  /** The way to write an entry; undefined if the flow isn't where the entry says. */
  private stepOf(entry: Entry, place: number): Step | undefined {
    if (entry.first === 1) {
      if (!mayFollow(entry, 0) || this.isKnown(entry.flow)) return undefined;
      const checksum = seal(entry.bytes, rootChecksum(entry.flow));
      return { entry, place, head: undefined, checksum };
    }
    let head = this.heads.get(entry.flow);
    if (head?.sequence !== entry.first - 1) {
      // Not remembered, or another process has written since.
      this.heads.delete(entry.flow);
      head = findHead(this.connection, entry.flow);
      if (head?.sequence !== entry.first - 1) return undefined;
      this.remember(head);
    }
    if (!mayFollow(entry, head.epoch)) return undefined;
    return { entry, place, head, checksum: seal(entry.bytes, head.checksum) };
  }

  private isKnown(flow: string): boolean {
    if (this.connection.statement(isKnown).get(flow, flow)?.["known"] === 0) return false;
    // Tells damage from a flow that is there.
    return findHead(this.connection, flow) !== undefined;
  }

  /** @returns the steps that can't be taken, because their flows have moved on */
  private addAll(steps: readonly Step[]): Step[] {
    const rows = this.addBatches(steps);
    const done = this.advanceAll(steps, rows);
    return steps.filter(
      (step, i) => !this.addOne(step, rows[i] ?? 0, done?.[i]) && !this.tryAgain(step),
    );
  }

  /** @param isAdvanced - whether the flow's row is changed, where that was tried already */
  private addOne(step: Step, row: number, isAdvanced?: boolean): boolean {
    const { entry, head } = step;
    if (head === undefined) {
      this.begin(step, row);
    } else if (!(isAdvanced ?? this.advance(step, head, row))) {
      this.connection.statement(dropBatch).run(row);
      return false;
    }
    for (const { hash, bytes } of entry.parts) this.keep(entry.flow, hash, bytes);
    return true;
  }

  /** For a flow that another process has changed since it was remembered: as it is now. */
  private tryAgain({ entry, place }: Step): boolean {
    this.heads.delete(entry.flow);
    const step = this.stepOf(entry, place);
    if (step === undefined) return false;
    const [row = 0] = this.addBatches([step]);
    if (this.addOne(step, row)) return true;
    throw damaged(entry.flow, entry.first, "its row can't be changed");
  }

  /** Adds the steps' batches. @returns their rows */
  private addBatches(steps: readonly Step[]): number[] {
    const values = ({ entry, head }: Step) =>
      [head?.number ?? null, head?.last ?? 0, entry.bytes] as const;
    if (steps.length === batchesAtOnce) {
      const all = this.connection.statement(addBatches).run(...steps.flatMap(values));
      // Rows are numbered one after the other, and nobody else writes meanwhile.
      return steps.map((_, i) => all.lastInsertRowid - batchesAtOnce + 1 + i);
    }
    const one = this.connection.statement(addBatch);
    return steps.map((step) => one.run(...values(step)).lastInsertRowid);
  }

  private begin({ entry, checksum }: Step, row: number): void {
    const { flow: id, name, state, at, epoch, count: sequence } = entry;
    const times = { createdAt: at, updatedAt: at };
    const head = makeHead({
      number: row,
      id,
      name,
      state,
      ...times,
      sequence,
      epoch,
      last: row,
      checksum,
    });
    head.bytes = sealed(head);
    this.connection.statement(addFlow).run(row, id, name, state, at, at, head.bytes);
    this.remember(head);
  }

  /** The compare-and-set. @returns false when the flow's row isn't what `head` says */
  private advance({ entry, checksum }: Step, head: Head, row: number): boolean {
    const { bytes: before, state } = head;
    move(head, entry, checksum, row);
    // Mostly the state stays, and a text costs as much to hand over as all the rest.
    const { changes } =
      state === head.state
        ? this.connection.statement(setFlow).run(entry.at, head.bytes, head.number, before)
        : this.connection
            .statement(setState)
            .run(entry.at, head.bytes, head.state, head.number, before);
    return changes === 1;
  }

  /** The same of many rows in one statement, where no state changes. @returns undefined when it was not tried */
  private advanceAll(steps: readonly Step[], rows: readonly number[]): boolean[] | undefined {
    if (steps.length !== batchesAtOnce) return undefined;
    if (steps.some(({ entry, head }) => head?.state !== entry.state)) return undefined;
    const heads = new Uint8Array(2 * headBytes * batchesAtOnce);
    const values: Parameter[] = [heads];
    steps.forEach(({ entry, head, checksum }, i) => {
      if (head === undefined) return;
      heads.set(head.bytes, (2 * i + 1) * headBytes);
      move(head, entry, checksum, rows[i] ?? 0);
      heads.set(head.bytes, 2 * i * headBytes);
      values.push(entry.at, head.number);
    });
    const { changes } = this.connection.statement(setFlows).run(...values);
    if (changes === batchesAtOnce) return steps.map(() => true);
    const same = this.connection.statement(isHead);
    return steps.map(({ head }) => same.get(head?.number ?? 0, head?.bytes ?? null) !== undefined);
  }

  /** Stores what goes beside a batch, unless it is there, and that the flow needs it. */
  private keep(flow: string, hash: string, bytes: Uint8Array): void {
    const use = this.connection.statement(addUse);
    if (use.run(flow, hash).changes === 1) return;
    this.connection.statement(addBlob).run(hash, bytes);
    use.run(flow, hash);
  }

  private remember(head: Head): void {
    if (this.heads.size >= mostHeads) {
      const [oldest] = this.heads.keys();
      if (oldest !== undefined) this.heads.delete(oldest);
    }
    this.heads.set(head.id, head);
  }
}

/** What a flow's row says once its batch is at `row`. */
function move(head: Head, entry: Entry, checksum: number, row: number): void {
  head.state = entry.state;
  head.updatedAt = entry.at;
  head.sequence += entry.count;
  head.epoch = entry.epoch;
  head.last = row;
  head.checksum = checksum;
  const { bytes, spare } = head;
  head.bytes = sealed(head, spare);
  head.spare = bytes;
}

/** As `epochFollows` in lib/journal/rules.ts. */
const mayFollow = (entry: Entry, last: number): boolean =>
  entry.epoch === last || (entry.epoch === last + 1 && entry.adopts);
