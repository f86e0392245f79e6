/**
 * The journal of a simulated cluster: one authoritative journal in memory, reached over the network.
 *
 * As the journal on NATS does, it lets go of an append only when it knows what became of it: on a lost answer it asks,
 * and what has not arrived by then never will.
 */
import { FlowError } from "../../../lib/errors.ts";
import type { Journal } from "../../../lib/journal/journal.ts";
import { epochFollows } from "../../../lib/journal/rules.ts";
import type { Batch } from "../../../lib/plan/records.ts";
import type { Link } from "./network.ts";
import type { Leader } from "./servers.ts";

const unavailable = (problem: string): FlowError =>
  new FlowError("JOURNAL_UNAVAILABLE", { problem });

/** Milliseconds that a client waits for an answer. */
const patienceMs = 300;

/** Milliseconds before it asks again. */
const againMs = 50;

type Fate = "written" | "fenced" | "void";

/** A batch is durable. */
export type Stored = (by: string, flow: string, batch: Batch, state: string) => void;

export class JournalServer {
  /** By flow, in order. */
  readonly batches = new Map<string, Batch[]>();
  readonly leader: Leader;
  readonly #stored: Stored;
  readonly #fates = new Map<number, Fate>();
  #appends = 0;

  constructor(leader: Leader, stored: Stored) {
    this.leader = leader;
    this.#stored = stored;
  }

  /** The journal as one process sees it. */
  journal(link: Link): Journal {
    return {
      durability: "server",
      append: (flow, batch, state) => this.#send(link, flow, batch, state),
      read: (flow) => this.#read(link, flow),
      list: () => Promise.resolve([]),
      remove: () => Promise.reject(unavailable("it is not simulated")),
      close: () => Promise.resolve(),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
  }

  async #send(link: Link, flow: string, batch: Batch, state: string): Promise<void> {
    const number = ++this.#appends;
    const by = link.process.name;
    let fate = await this.#ask(link, () => this.#append(number, by, flow, batch, state));
    while (fate === undefined) fate = await this.#ask(link, () => this.#fateOf(number));
    if (fate === "written") return;
    const { epoch, first } = batch;
    if (fate === "fenced") throw new FlowError("FENCED", { flow, epoch, sequence: first - 1 });
    throw unavailable("nothing was written");
  }

  /** Undefined: nobody knows. */
  async #ask(link: Link, work: () => Fate): Promise<Fate | undefined> {
    try {
      const served = () => this.leader.serve(work, () => unavailable("it has no leader"));
      return await link.ask("journal", served, patienceMs);
    } catch {
      await new Promise<void>((resolve) => void link.process.clock.setTimeout(resolve, againMs));
      return undefined;
    }
  }

  #append(number: number, by: string, flow: string, batch: Batch, state: string): Fate {
    const known = this.#fates.get(number);
    if (known !== undefined) return known;
    const fate = this.write(by, flow, batch, state);
    this.#fates.set(number, fate);
    return fate;
  }

  /** The compare-and-set. */
  write(by: string, flow: string, batch: Batch, state: string): Fate {
    const { epoch, first, records } = batch;
    const kinds = records.map(({ kind }) => kind).join();
    const batches = this.batches.get(flow) ?? [];
    const last = batches.at(-1);
    const next = last === undefined ? 1 : last.first + last.records.length;
    if (first !== next || !epochFollows(batch, last?.epoch ?? 0)) {
      this.leader.trace.add(by, "is fenced", flow, epoch, first, kinds);
      return "fenced";
    }
    this.leader.trace.add(by, "records", flow, epoch, first, kinds);
    batches.push(batch);
    this.batches.set(flow, batches);
    this.#stored(by, flow, batch, state);
    return "written";
  }

  /** Loses what it had last of a flow: for planted bugs. */
  forget(flow: string): void {
    this.batches.get(flow)?.pop();
  }

  /** Stores it whatever its epoch, after all that is there: for planted bugs. */
  force(by: string, flow: string, batch: Batch, state: string): void {
    const batches = this.batches.get(flow) ?? [];
    const last = batches.at(-1);
    const first = last === undefined ? 1 : last.first + last.records.length;
    const forced = { ...batch, first };
    batches.push(forced);
    this.#stored(by, flow, forced, state);
  }

  #fateOf(number: number): Fate {
    const fate = this.#fates.get(number) ?? "void";
    this.#fates.set(number, fate);
    return fate;
  }

  async #read(link: Link, flow: string): Promise<readonly Batch[]> {
    const work = (): readonly Batch[] => [...(this.batches.get(flow) ?? [])];
    const served = () => this.leader.serve(work, () => unavailable("it has no leader"));
    try {
      return await link.ask("journal", served, patienceMs);
    } catch (error) {
      if (FlowError.is(error, "NO_ANSWER")) throw unavailable("it does not answer");
      throw error;
    }
  }
}
