/**
 * Runs attempts for engines elsewhere: the worker's side of lib/executor/protocol.ts. The same on a thread, in a child
 * process and on another machine; only the transport differs.
 *
 * It takes what it has granted slots for, and knows each attempt by its key, so that everything may be sent twice. Its
 * outcomes it keeps until the owner of the flow has recorded them (see Keeper); while it runs or keeps something, it
 * says so to the flow's owner, whoever that is by then.
 */
import { background, type Clock, type Timer } from "../lib/clock.ts";
import { admit } from "../lib/codec.ts";
import { FlowError } from "../lib/errors.ts";
import { begin, Call as Context, isThenable, type Telling } from "../lib/executor/call.ts";
import { keyOf } from "../lib/plan/key.ts";
import type { Telemetry } from "../lib/executor/observe.ts";
import type { Attempt } from "../lib/executor/executor.ts";
import {
  type Call,
  defaultLeaseMs,
  flowAddress,
  type Presence,
  presenceAddress,
  type Progress,
  progressAddress,
  type Refusal,
  taskKey,
  type ToWorker,
  whoAddress,
  workerAddress,
} from "../lib/executor/protocol.ts";
import { unpackCalls } from "../lib/executor/wire.ts";
import { errorOf, type Failure, failureOf } from "../lib/failure.ts";
import type { Outcome } from "../lib/plan/records.ts";
import type { Stop, Transport } from "../lib/transport/transport.ts";
import type { Log, LogLine, Task } from "../lib/types.ts";
import { attemptOf, redactedLog, traceOf } from "./called.ts";
import { Credit } from "./credit.ts";
import { Keeper, type KeepLimits } from "./keeper.ts";
import { WorkerLines } from "./worker-lines.ts";

export interface WorkerOptions {
  /** Unique for each start of a worker. */
  readonly id: string;
  readonly transport: Transport;
  /** What it can be asked for; anything else is refused. */
  readonly tasks: readonly Task[];
  /** Attempts at once, from 1. Default 1. */
  readonly concurrency?: number;
  readonly clock: Clock;
  readonly log: Log;
  /** Milliseconds of silence after which it counts as gone; it beats four times as often. Default 15,000. */
  readonly leaseMs?: number;
  readonly limits?: Partial<KeepLimits>;
  /** Gets each beat too: for whoever repeats it while a task keeps this thread busy. Default: nobody. */
  readonly beats?: { say(address: string, beat: Presence): void };
  /** Traces the attempts whose engines do: see `fourstroke/telemetry`. Default: nobody does. */
  readonly telemetry?: Telemetry;
  /** Called after each attempt, for statistics. Default: nobody. */
  readonly ran?: (task: Task, ms: number, failure: Failure | undefined) => void;
}

/** What a worker has done since it started. */
export interface WorkerStatistics {
  readonly running: number;
  /** Outcomes that no owner has recorded yet. */
  readonly kept: number;
  readonly done: number;
  readonly refused: number;
  /** Outcomes that came after another one of their attempt. */
  readonly superseded: number;
  /** Outcomes that no owner wanted for too long. */
  readonly given: number;
}

/** Flows whose highest epoch is remembered. */
const mostEpochs = 10_000;

/** Reports go out through the keeper and the flow's address; nothing here queues. */
export class Worker implements Telling {
  readonly id: string;
  readonly #options: WorkerOptions;
  readonly #tasks: ReadonlyMap<string, Task>;
  readonly #running = new Map<string, Context>();
  /** What runs here and must be alone. */
  #alone: string | undefined;
  /** The flows called for last come last. */
  readonly #epochs = new Map<string, number>();
  #lastFlow: string | undefined;
  readonly #keeper: Keeper;
  readonly #lines: WorkerLines;
  readonly #credit: Credit;
  readonly #leaseMs: number;
  readonly #stops: Stop[] = [];
  #state: Presence["state"] = "up";
  #beat: Timer | undefined;
  #done = 0;
  #refused = 0;

  constructor(options: WorkerOptions) {
    const { id, transport, tasks, concurrency = 1, clock, log, leaseMs = defaultLeaseMs } = options;
    this.id = id;
    this.#options = options;
    this.#leaseMs = leaseMs;
    this.#tasks = new Map(tasks.map((task) => [taskKey(task.name, task.version), task]));
    this.#credit = new Credit({ worker: id, slots: concurrency, transport, clock });
    this.#lines = new WorkerLines(id, transport);
    this.#keeper = new Keeper({
      worker: id,
      transport,
      clock,
      log,
      limits: options.limits ?? {},
      offer: (engine, slots) => this.#credit.offer(engine, this.#state === "up" ? slots : 0),
      retract: (engine, slots) => {
        this.#credit.retract(engine, slots);
      },
    });
  }

  get statistics(): WorkerStatistics {
    const { kept, superseded, given } = this.#keeper;
    const [running, done, refused] = [this.#running.size, this.#done, this.#refused];
    return { running, kept, done, refused, superseded, given };
  }

  /** Takes calls from when it resolves. */
  async start(): Promise<void> {
    const { transport } = this.#options;
    const take = (body: unknown): unknown => this.#take(body as ToWorker);
    this.#stops.push(await transport.serve(workerAddress(this.id), take));
    this.#stops.push(
      await transport.listen(whoAddress, () => {
        this.#tellPresence();
      }),
      transport.watch((isConnected) => {
        if (!isConnected) return;
        this.#tellPresence();
        this.#keeper.sendAgain();
        this.#lines.sendAgain();
      }),
    );
    this.#tellPresence();
    this.#beatOn();
  }

  /**
   * Takes no more, and waits until everything is done and recorded.
   *
   * @param withinMs - milliseconds to wait at most
   * @returns keys of what is left undone or unrecorded
   */
  async drain(withinMs: number): Promise<readonly string[]> {
    this.#state = "draining";
    this.#credit.close();
    this.#tellPresence();
    const { clock } = this.#options;
    const deadline = clock.monotonic() + withinMs;
    while (this.#running.size + this.#keeper.kept > 0 && clock.monotonic() < deadline) {
      await new Promise<void>((resolve) => void clock.setTimeout(resolve, drainTickMs));
    }
    return [...this.#running.keys(), ...this.#keeper.keys];
  }

  /** Lets go of everything at once; what runs is told to stop, and its outcome is nobody's. */
  close(): void {
    if (this.#state === "down") return;
    this.#state = "down";
    this.#credit.close();
    this.#tellPresence();
    if (this.#beat !== undefined) this.#options.clock.clearTimeout(this.#beat);
    for (const stop of this.#stops) stop();
    this.#keeper.close();
    for (const context of this.#running.values()) {
      context.abort(new FlowError("ENGINE_CLOSED", { flow: context.of.flow }));
    }
    this.#lines.close();
    this.#running.clear();
  }

  progress({ flow, name, direction, attempt }: Attempt, fraction: number, details: unknown): void {
    const key = keyOf(flow, name, direction, attempt);
    if (!this.#running.has(key)) return;
    const said = details === undefined ? {} : { details: admit(details, "details") };
    const progress: Progress = { key, fraction, ...said };
    const { transport } = this.#options;
    if (transport.isConnected) transport.publish(progressAddress(flow), progress);
  }

  logged({ flow, name, direction, attempt }: Attempt, line: LogLine): void {
    const key = keyOf(flow, name, direction, attempt);
    if (!this.#running.has(key)) return;
    this.#lines.add(flow, key, { ...line, at: this.#options.clock.now() });
  }

  #take(message: ToWorker): unknown {
    switch (message.kind) {
      case "calls":
        return this.#calls(unpackCalls(message.flows), message.engine);
      case "want":
        return this.#state === "up" ? this.#credit.want(message.engine, message.slots) : 0;
      case "release":
        this.#credit.release(message.engine, message.slots);
        return null;
      case "cancel":
        this.#running.get(message.key)?.abort(errorOf(message.reason));
        return null;
      case "holds":
        for (const key of message.keys) this.#keeper.remind(key);
        return message.keys.map((key) => this.#holds(key));
    }
  }

  #holds(key: string): boolean {
    return this.#running.has(key) || this.#keeper.has(key);
  }

  #calls(calls: readonly Call[], engine: string): (Refusal | null)[] {
    const begin: (() => void)[] = [];
    const answers = calls.map((call) => {
      if (this.#holds(call.key)) return null;
      const refusal = this.#refusal(call, engine);
      if (refusal === null) begin.push(this.#accept(call, engine));
      else this.#refused++;
      return refusal;
    });
    // Later, so that calls that end at once, or block, don't keep the answer waiting.
    if (begin.length > 0) this.#options.clock.yield(() => begin.forEach((go) => go()));
    return answers;
  }

  /** @returns begins it */
  #accept(call: Call, engine: string): () => void {
    const task = this.#tasks.get(taskKey(call.task, call.version)) as Task;
    const context = new Context(attemptOf(call), this, redactedLog(this.#options.log, task, call));
    this.#running.set(call.key, context);
    if (call.alone) this.#alone = call.key;
    return () => {
      // Closed meanwhile, it must not begin.
      if (this.#running.get(call.key) === context) this.#run(task, context, call, engine);
    };
  }

  #refusal(call: Call, engine: string): Refusal | null {
    if (!this.#meetOwner(call)) return "superseded";
    if (this.#state !== "up" || this.#keeper.isFull) return "draining";
    if (!this.#tasks.has(taskKey(call.task, call.version))) return "unknown-task";
    if (this.#alone !== undefined) return "no-credit";
    if (call.alone) {
      this.#credit.reserve();
      if (this.#running.size > 0) return "no-credit";
    }
    return this.#credit.use(engine) ? null : "no-credit";
  }

  /** Remembers the highest epoch of a flow. @returns false for a lower one */
  #meetOwner({ flow, epoch }: Call): boolean {
    const known = this.#epochs.get(flow) ?? 0;
    if (epoch < known) return false;
    if (flow === this.#lastFlow && epoch === known) return true;
    // The owner before it may have died before it answered.
    if (epoch > known) this.#keeper.sendAgain(flow);
    this.#lastFlow = flow;
    this.#epochs.delete(flow);
    this.#epochs.set(flow, epoch);
    if (this.#epochs.size > mostEpochs) this.#epochs.delete(this.#epochs.keys().next().value ?? "");
    return true;
  }

  #run(task: Task, context: Context, call: Call, engine: string): void {
    const { clock } = this.#options;
    const startedAt = clock.monotonic();
    const trace = traceOf(this.#options.telemetry, task, call);
    const ended = (outcome: Outcome): void => {
      if (this.#running.get(call.key) !== context) return;
      context.end();
      this.#running.delete(call.key);
      if (this.#alone === call.key) {
        this.#alone = undefined;
        this.#credit.unreserve();
      }
      this.#done++;
      trace?.ended(outcome);
      this.#options.ran?.(task, clock.monotonic() - startedAt, outcome.failure);
      this.#keeper.keep(call, engine, outcome, this.#lines.take(call.flow, call.key));
    };
    const failed = (error: unknown): void => {
      ended({ failure: failureOf(error) });
    };
    const succeeded = (value: unknown): void => {
      try {
        ended({ value: admit(value, "result") });
      } catch (error) {
        failed(error);
      }
    };
    try {
      const returned =
        trace === undefined ? begin(task, context) : trace.within(() => begin(task, context));
      if (isThenable(returned)) returned.then(succeeded, failed);
      else succeeded(returned);
    } catch (error) {
      failed(error);
    }
  }

  #beatOn(): void {
    const timer = this.#options.clock.setTimeout(() => {
      this.#tellPresence();
      this.#tellHolding();
      this.#lines.sendAgain();
      this.#beatOn();
    }, this.#leaseMs / 4);
    this.#beat = background(timer);
  }

  #tellPresence(): void {
    const { transport, tasks, concurrency = 1, beats } = this.#options;
    const presence: Presence = {
      worker: this.id,
      tasks: tasks.map(({ name, version }) => [name, version]),
      slots: concurrency,
      free: this.#credit.free,
      state: this.#state,
    };
    const address = presenceAddress(this.id);
    beats?.say(address, presence);
    if (transport.isConnected) transport.publish(address, presence);
  }

  /** Whoever owns the flow now hears that its attempts are in good hands; what it wants no more is stopped. */
  #tellHolding(): void {
    const byFlow = new Map<string, string[]>();
    for (const [key, { of }] of this.#running) {
      const keys = byFlow.get(of.flow);
      if (keys === undefined) byFlow.set(of.flow, [key]);
      else keys.push(key);
    }
    for (const [flow, keys] of byFlow) {
      const holding = { kind: "holding", worker: this.id, keys };
      this.#options.transport.request(flowAddress(flow), holding).then(
        (answer) => {
          keys.forEach((key, at) => {
            if ((answer as boolean[])[at] !== false) return;
            const reason = new FlowError("CANCELLED", { flow, reason: "nobody waits for it" });
            this.#running.get(key)?.abort(reason);
          });
        },
        () => undefined, // it is said again
      );
    }
  }
}

/** How often a drain looks whether it is done, in milliseconds. */
const drainTickMs = 20;
