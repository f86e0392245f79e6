/* eslint-disable max-lines -- the whole public face of an engine, verb by verb; what it is made of has files of its own */
/** Drives one flow: compile, prepare, validate, run. */
import { admit } from "../lib/codec.ts";
import type { Clock, Random } from "../lib/clock.ts";
import type { Blueprint } from "../lib/compile/blueprint.ts";
import { type Code, compile } from "../lib/compile/compile.ts";
import { validate } from "../lib/compile/validate.ts";
import { FlowError } from "../lib/errors.ts";
import type { RunTrace } from "../lib/executor/observe.ts";
import { type Failure, failureOf } from "../lib/failure.ts";
import { makeId } from "../lib/ids.ts";
import type { Journal } from "../lib/journal/journal.ts";
import { readState } from "../lib/journal/latest.ts";
import { memoryJournal } from "../lib/journal/memory.ts";
import { about, logOf } from "../lib/log.ts";
import type { Notifier } from "../lib/notifier.ts";
import type { Edit } from "../lib/plan/edit.ts";
import { checkedEdit } from "../lib/plan/edit-checked.ts";
import type { AttemptName, FlowRecord, RecordKind } from "../lib/plan/records.ts";
import type { FlowState } from "../lib/plan/state.ts";
import type { EndState, FlowStateName } from "../lib/plan/states.ts";
import { FlowView } from "../lib/plan/view.ts";
import type { Redactor } from "../lib/redactor.ts";
import { learnRecord, learnState, RedactedView, redactorOf } from "../lib/secrets.ts";
import { systemClock, systemRandom } from "../lib/system.ts";
import type { Item, Log } from "../lib/types.ts";
import { adoption, raisedBy, writerOf } from "./adoption.ts";
import { Announcer, type AtomChange, type FlowChange, type ProgressChange } from "./announcer.ts";
import { BatchWaiters } from "./batch-waiters.ts";
import { type Doer, Effects } from "./effects.ts";
import { type FlowCounts, noCounts } from "./counts.ts";
import { FlowActor } from "./flow-actor.ts";
import { type Hosts, hostsHere, hostsOf } from "./hosts.ts";
import { inspectFlow } from "./inspect-flow.ts";
import { machines } from "./machines.ts";
import { checkOptions, type EngineOptions, reasonOf, type RunControls } from "./options.ts";
import { Snapshots } from "./snapshots.ts";

export interface Statistics extends Readonly<FlowCounts> {
  /** Milliseconds between the start and the end of the runs of this engine. */
  readonly activeMs: number;
}

interface Waiter {
  resolve(state: "SUCCESS" | "SUSPENDED"): void;
  reject(error: Error): void;
  /** Stops listening to the run's signal. */
  release(): void;
}

export class Engine {
  readonly id: string;
  /** States, results, failures and histories, as they are now. */
  readonly storage: FlowView;
  #shown: FlowView | undefined;

  readonly #flow: Item;
  readonly #options: EngineOptions;
  readonly #journal: Journal;
  readonly #snapshots: Snapshots;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #log: Log;
  readonly #announcer: Announcer;
  readonly #store: Readonly<Record<string, unknown>>;
  readonly #meta: Readonly<Record<string, string>>;
  #redactor: Redactor | undefined;
  /** The run that is under way. */
  #trace: RunTrace | undefined;
  #compiled: { readonly blueprint: Blueprint; readonly code: Code } | undefined;
  #hosts: Hosts | undefined;
  #actor: FlowActor | undefined;
  #prepared: Promise<void> | undefined;
  #waiter: Waiter | undefined;
  /** Settles, and never rejects, when the run that is under way is over. */
  #over: Promise<unknown> | undefined;
  #stopped: Error | undefined;
  /** Reject the edits that are under way. */
  #edits: Set<(reason: Error) => void> | undefined;
  #runStart = 0;
  #activeMs = 0;
  readonly #batches = new BatchWaiters();

  constructor(flow: Item, options: EngineOptions = {}) {
    checkOptions(options);
    this.#hosts = hostsHere(options);
    this.#flow = flow;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? systemRandom;
    this.#log = this.#redactedLog(logOf(options.log));
    this.#journal = options.journal ?? memoryJournal();
    this.#store = this.#admitStore(options.store ?? {});
    this.#meta = admit(options.meta ?? {}, "meta") as Record<string, string>;
    this.id = options.id ?? makeId(this.#clock, this.#random);
    this.storage = new FlowView(() => this.#state());
    const { snapshotEvery: every = 10_000 } = options;
    this.#snapshots = new Snapshots({
      journal: this.#journal,
      flow: this.id,
      log: this.#log,
      every,
    });
    const failed = (error: unknown): void => {
      this.#log(`a listener failed: ${String(error)}`, { flow: this.id, error }, "error");
    };
    const changed = (): void => {
      this.#actor?.listen(this.#announcer.isHeard);
    };
    this.#announcer = new Announcer(failed, changed);
    if (options.inspect !== undefined) inspectFlow(this, options.inspect);
  }

  /** What `storage` is, as anybody may see it: values of symbols that the flow declares secret are hidden. */
  get shown(): FlowView {
    return (this.#shown ??= new RedactedView(
      () => this.#state(),
      () => this.#redactor,
    ));
  }

  /** The root flow's name. */
  get name(): string {
    return this.#flow.name;
  }

  /** Tells changes of the flow's state, by the new state or `"*"`. */
  get notifier(): Notifier<FlowChange> {
    return this.#announcer.flow;
  }

  /** Tells changes of atoms' states, by the new state or `"*"`. */
  get atomNotifier(): Notifier<AtomChange> {
    return this.#announcer.atoms;
  }

  /** Tells progress, by the atom's name or `"*"`. */
  get progressNotifier(): Notifier<ProgressChange> {
    return this.#announcer.progress;
  }

  /**
   * Hides what the flow declares secret, as far as it has values by now; undefined when it declares nothing, and before
   * it is compiled.
   */
  get redactor(): Redactor | undefined {
    return this.#redactor;
  }

  get statistics(): Statistics {
    const counts = this.#actor?.counts ?? noCounts;
    const running = this.#waiter === undefined ? 0 : this.#clock.monotonic() - this.#runStart;
    return { ...counts, activeMs: this.#activeMs + running };
  }

  /**
   * Works out the flow's graph. A second call does nothing.
   *
   * @throws FlowError `COMPILE_FAILED` with every mistake in the flow
   */
  compile(): void {
    if (this.#compiled !== undefined) return;
    this.#compiled = compile(this.#flow);
    this.#redactor = redactorOf(this.#compiled.blueprint);
    this.#redactor?.learnEach(this.#store);
  }

  /**
   * Begins the flow's journal, or adopts the one that is there. A second call does nothing.
   *
   * @throws FlowError `BLUEPRINT_CHANGED` when the journal can't be gone on with by this flow, `FENCED` when another
   *   owner was faster, and what the journal throws
   */
  async prepare(): Promise<void> {
    await this.#prepare();
  }

  /** @throws FlowError `MISSING_DEPENDENCIES` with every input that nothing provides */
  validate(): void {
    const { blueprint } = this.#needCompiled("validate");
    validate(blueprint, Object.keys(this.#knownState()?.store ?? this.#store));
  }

  /**
   * Runs to the end. What has not been done yet of compile, prepare and validate is done first.
   *
   * @returns SUCCESS, or SUSPENDED when it was suspended: run it again to go on
   * @throws what made the flow fail: the one error itself, or FlowError `SEVERAL_FAILURES` with all of them;
   *   FlowError `PARKED`, `CANCELLED`, `KILLED`, `LEASE_LOST`; `INVALID_STATE` when it is running already
   */
  async run(controls: RunControls = {}): Promise<"SUCCESS" | "SUSPENDED"> {
    this.compile();
    // A journal that is certainly new needs no look at it: its first records go into one batch with the run.
    if (this.#options.id !== undefined || this.#prepared !== undefined) await this.#prepare();
    this.validate();
    if (this.#hosts === undefined) await this.#openHosts();
    if (this.#prepared === undefined) this.#observe(this.#prepare());
    return this.#begin(controls);
  }

  /**
   * Runs step by step: each step is one batch of records. Between two steps nothing new is folded or started.
   * Leaving the loop early suspends the flow and waits until it rests.
   *
   * @yields the flow's state after each step
   */
  async *runIter(controls: RunControls = {}): AsyncGenerator<FlowStateName, void, void> {
    this.compile();
    await this.#prepare();
    this.validate();
    const actor = this.#needActor("run");
    this.#refuseSecondRun();
    actor.allow(0);
    const ended = this.#begin(controls).finally(() => {
      this.#batches.tell();
    });
    this.#observe(ended);
    try {
      while (this.#waiter !== undefined) {
        const stepped = this.#batches.next();
        actor.allow(1);
        await stepped;
        yield this.storage.state;
      }
    } finally {
      // In this order: set free, it would run on before it hears of the wish.
      this.suspend();
      actor.allow(undefined);
      await this.#over;
    }
    await ended;
  }

  /**
   * Asks a running flow to rest: what runs may finish, nothing new starts. Not running, it is left as it is.
   *
   * @throws FlowError `INVALID_STATE` before it was compiled
   */
  suspend(): void {
    this.#needCompiled("suspend");
    if (this.#waiter !== undefined) this.#actor?.post({ type: "suspend" });
  }

  /**
   * Sets every atom back to PENDING, for a run from the start.
   *
   * @throws FlowError `INVALID_STATE` while it runs, when it is suspended, and before it was prepared
   */
  async reset(): Promise<void> {
    const state = this.#knownState();
    const now = state?.flow.value ?? "UNPREPARED";
    if (state === undefined || now === "SUSPENDED" || this.#waiter !== undefined) {
      throw new FlowError("INVALID_STATE", {
        flow: this.#flow.name,
        operation: "reset",
        state: now,
      });
    }
    const actor = this.#needActor("reset");
    const done = this.#batches.next("reset");
    actor.post({ type: "reset" });
    await done;
    this.#needActor("reset");
  }

  /**
   * Does by hand what `edit` says, to a flow that runs or rests; compiled and prepared first where it isn't. It is
   * recorded as `edited`, with who asked for it and why; a flow that rests stays at rest until it is run.
   *
   * @param id - the same edit asked for again with this id is made only once. Default: a new one
   * @throws FlowError `INVALID_OPTION`, `PAYLOAD_REFUSED` for what is no edit; `EDIT_REFUSED`, which says why, and nothing is changed; what `prepare` throws; what stops the
   *   flow before the edit is recorded
   */
  async edit(edit: Edit, id = makeId(this.#clock, this.#random)): Promise<void> {
    this.compile();
    await this.#prepare();
    const asked = this.#options.payloads === "live" ? edit : checkedEdit(edit);
    const actor = this.#needActor("edit");
    await new Promise<void>((resolve, reject) => {
      (this.#edits ??= new Set()).add(reject);
      const answer = (refused?: FlowError): void => {
        this.#edits?.delete(reject);
        if (refused === undefined) resolve();
        else reject(refused);
      };
      actor.post({ type: "edit", edit: asked, id, answer });
    });
  }

  /** Aborts what runs and reverts everything; the run ends with FlowError `CANCELLED`. */
  cancel(reason = "cancelled"): void {
    if (this.#waiter !== undefined) this.#actor?.post({ type: "cancel", reason });
  }

  /** Aborts what runs and reverts nothing; the run ends FAILURE with FlowError `KILLED`. */
  kill(reason = "killed"): void {
    if (this.#waiter !== undefined) this.#actor?.post({ type: "kill", reason });
  }

  /**
   * Lets go of the flow at once, as a crash would: nothing more is recorded, and another engine may adopt it.
   *
   * @param reason - what attempts on this event loop are aborted with. Default: FlowError `ENGINE_CLOSED`
   */
  abandon(reason: Error = new FlowError("ENGINE_CLOSED", { flow: this.#flow.name })): void {
    this.#stopped ??= reason;
    this.#actor?.stop(reason);
    this.#onStopped(reason);
  }

  /** Settles when a record of that kind is durable, or, with false, when there will be none any more. */
  recorded(kind: RecordKind): Promise<boolean> {
    return this.#batches.next(kind);
  }

  /** Suspends what runs, waits for it, and lets go of the flow. The journal stays open: it is not the engine's own. */
  async close(): Promise<void> {
    if (this.#waiter !== undefined) this.suspend();
    await this.#over;
    this.abandon();
    await this.#hosts?.[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #observe(promise: Promise<unknown>): void {
    // Whoever waits for it hears of the error; this only keeps it from counting as unhandled.
    promise.catch(() => undefined);
  }

  #refuseSecondRun(): void {
    if (this.#waiter === undefined) return;
    const state = this.#knownState()?.flow.value ?? "PENDING";
    throw new FlowError("INVALID_STATE", { flow: this.#flow.name, operation: "run", state });
  }

  async #begin({
    signal,
    unpark = false,
    commands = [],
  }: RunControls): Promise<"SUCCESS" | "SUSPENDED"> {
    const actor = this.#needActor("run");
    this.#refuseSecondRun();
    const now = this.#knownState()?.flow.value ?? "PENDING";
    const flow = this.#flow.name;
    if (now === "PARKED" && !unpark) {
      const reason = this.storage.reason ?? "it took its hosts down";
      throw new FlowError("PARKED", { flow, reason });
    }
    this.#openTrace(undefined, this.#knownState()?.meta["traceparent"]);
    const { deferReverts = false, neverResolve = false } = this.#options;
    const run = { type: "run", options: { deferReverts, neverResolve } } as const;
    const ended = new Promise<"SUCCESS" | "SUSPENDED">((resolve, reject) => {
      const cancel = (): void => {
        this.cancel(reasonOf(signal));
      };
      signal?.addEventListener("abort", cancel);
      const letGo = this.#hosts?.hold();
      const release = (): void => {
        signal?.removeEventListener("abort", cancel);
        letGo?.();
      };
      this.#waiter = { resolve, reject, release };
      this.#runStart = this.#clock.monotonic();
      const isAborted = signal?.aborted === true;
      actor.post(
        run,
        ...(isAborted ? [{ type: "cancel", reason: reasonOf(signal) } as const] : commands),
      );
    });
    this.#over = ended.catch(() => undefined);
    return ended;
  }

  async #openHosts(): Promise<Hosts> {
    // Hosts serve other flows, too.
    const log = logOf(this.#options.log);
    const own = { clock: this.#clock, random: this.#random, log };
    return (this.#hosts = await hostsOf(this.#options, own));
  }

  #prepare(): Promise<void> {
    this.#prepared ??= this.#doPrepare().catch((error: unknown) => {
      this.#prepared = undefined;
      this.#actor = undefined;
      throw error;
    });
    return this.#prepared;
  }

  async #doPrepare(): Promise<void> {
    const { blueprint, code } = this.#needCompiled("prepare");
    if (this.#stopped !== undefined) throw this.#stopped;
    const hosts = this.#hosts ?? (await this.#openHosts());
    const actor = this.#makeActor(code, hosts);
    if (this.#options.id !== undefined) return this.#adopt(actor, blueprint, hosts.outlive);
    this.#actor = actor;
    return actor.begin(undefined, this.#firstRecords(blueprint));
  }

  async #adopt(actor: FlowActor, blueprint: Blueprint, outlive: boolean): Promise<void> {
    const { state, covered } = await readState(machines, this.#journal, this.id);
    if (this.#stopped !== undefined) throw this.#stopped;
    this.#actor = actor;
    this.#snapshots.begin(covered);
    if (state === undefined) return actor.begin(undefined, this.#firstRecords(blueprint));
    if (this.#redactor !== undefined) learnState(this.#redactor, state);
    // What runs elsewhere is not lost with its owner.
    const { claim, migrates, maxLost = 3 } = this.#options;
    const adopter = { claim, migrates, maxLost: outlive ? undefined : maxLost };
    const records = adoption(state, blueprint, { owner: this.#owner(), ...adopter });
    return actor.begin(state, records);
  }

  #firstRecords(blueprint: Blueprint): FlowRecord[] {
    const { claim } = this.#options;
    const trace = this.#openTrace(this.#meta["traceparent"], undefined);
    const traced = trace?.traceparent === undefined ? {} : { traceparent: trace.traceparent };
    const meta = { ...this.#meta, ...traced };
    const created = { flow: this.id, blueprint, store: this.#store, meta };
    return [
      { kind: "created", ...created },
      {
        kind: "adopted",
        owner: this.#owner(),
        epoch: 1,
        ...(claim === undefined ? {} : { claim }),
      },
    ];
  }

  #makeActor(code: Code, hosts: Hosts): FlowActor {
    const { maxLost = 3, payloads = "copied", keepLogs = true } = this.#options;
    const log = about(this.#log, { flow: this.id });
    const actor = new FlowActor({
      id: this.id,
      writer: this.#owner(),
      journal: this.#journal,
      clock: this.#clock,
      concurrency: hosts.concurrency,
      maxLost,
      snapshots: this.#snapshots,
      effects: (self) =>
        new Effects(self, {
          code,
          clock: this.#clock,
          random: this.#random,
          log,
          live: payloads === "live",
          keepsLines: keepLogs,
          lease: this.#options.lease,
          executor: (report) =>
            hosts.executor(
              {
                flow: this.id,
                code,
                log,
                isRunning: (name) => isRunning(self.knownState, name),
                mayCall: () => this.#options.lease?.isFresh !== false,
              },
              report,
            ),
          trace: (name, direction, attempt) =>
            this.#trace?.launched({ flow: this.id, name, direction, attempt }),
          told: (note) => {
            this.#announcer.tell(note, self.state.blueprint, self);
          },
          progressed: (atom, fraction, details) => {
            this.#announcer.tellProgress(self.state.nameOf(atom), fraction, details);
          },
          recorded: this.#recorder(self),
          settled: (records) => {
            this.#settled(records);
          },
        }),
      stopped: (reason, wasBegun) => {
        if (wasBegun) this.#stopped ??= reason;
        this.#onStopped(reason);
      },
    });
    actor.listen(this.#announcer.isHeard);
    return actor;
  }

  #owner(): string {
    const { owner, journal } = this.#options;
    return owner ?? writerOf(journal, () => makeId(this.#clock, this.#random));
  }

  #settled(records: readonly FlowRecord[]): void {
    const last = records.at(-1);
    if (last?.kind === "ended") this.#ended(last.state);
    for (const record of records) if (record.kind === "parked") this.#parked(record.reason);
    this.#batches.tell(records);
  }

  #parked(reason: string): void {
    const error = new FlowError("PARKED", { flow: this.#flow.name, reason });
    this.#closeTrace("PARKED", error);
    this.#endRun()?.reject(error);
  }

  #ended(end: EndState): void {
    const isFine = end === "SUCCESS" || end === "SUSPENDED";
    const waiter = this.#endRun();
    if (waiter === undefined && this.#trace === undefined) return;
    const error = isFine ? undefined : raisedBy(this.#state());
    this.#closeTrace(end, error);
    if (error === undefined) waiter?.resolve(end as "SUCCESS" | "SUSPENDED");
    else waiter?.reject(error);
  }

  #endRun(): Waiter | undefined {
    const waiter = this.#waiter;
    this.#waiter = undefined;
    if (waiter === undefined) return undefined;
    waiter.release();
    this.#activeMs += this.#clock.monotonic() - this.#runStart;
    return waiter;
  }

  #onStopped(reason: Error): void {
    this.#closeTrace(undefined, reason);
    this.#endRun()?.reject(reason);
    for (const reject of this.#edits ?? []) reject(reason);
    this.#edits = undefined;
    this.#batches.tell();
  }

  #state(): FlowState {
    return (this.#actor ?? this.#needActor("be read")).state;
  }

  #knownState(): FlowState | undefined {
    return this.#actor?.knownState;
  }

  #needCompiled(operation: string): { readonly blueprint: Blueprint; readonly code: Code } {
    if (this.#compiled !== undefined) return this.#compiled;
    throw new FlowError("INVALID_STATE", { flow: this.#flow.name, operation, state: "UNCOMPILED" });
  }

  #needActor(operation: string): FlowActor {
    if (this.#stopped !== undefined) throw this.#stopped;
    if (this.#actor !== undefined) return this.#actor;
    throw new FlowError("INVALID_STATE", { flow: this.#flow.name, operation, state: "UNPREPARED" });
  }

  /** Undefined when nobody wants to know. */
  #recorder(self: Doer): ((records: readonly FlowRecord[]) => void) | undefined {
    const redactor = this.#redactor;
    if (redactor === undefined && this.#options.telemetry === undefined) return undefined;
    return (records) => {
      this.#trace?.recorded(records, (atom) => self.state.nameOf(atom));
      if (redactor === undefined) return;
      for (const record of records) learnRecord(redactor, record, self.state.blueprint);
    };
  }

  #openTrace(parent: string | undefined, before: string | undefined): RunTrace | undefined {
    const { telemetry } = this.#options;
    if (telemetry === undefined) return undefined;
    const shown = (failure: Failure): Failure => this.#redactor?.failure(failure) ?? failure;
    const [flow, name, clock] = [this.id, this.name, this.#clock];
    return (this.#trace ??= telemetry.run({ flow, name, clock, parent, before, shown }));
  }

  #closeTrace(state: string | undefined, error?: unknown): void {
    this.#trace?.ended(state, error === undefined ? undefined : failureOf(error));
    this.#trace = undefined;
  }

  /** Tasks log what they have, and the errors of users' code say what it had. */
  #redactedLog(log: Log): Log {
    return (message, fields, level) => {
      const redactor = this.#redactor;
      if (redactor === undefined) log(message, fields, level);
      else log(redactor.text(message), fields && redactor.fields(fields), level);
    };
  }

  #admitStore(store: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
    if (this.#options.payloads === "live") return store;
    return admit(store, "store") as Record<string, unknown>;
  }
}

/** Whether a flow waits for the outcome of this attempt. */
function isRunning(state: FlowState | undefined, name: AttemptName): boolean {
  const running = state?.running.get(name.atom);
  return running?.attempt === name.attempt && running.direction === name.direction;
}
