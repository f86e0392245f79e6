/** Bugs to plant into a simulated cluster, to see that they are found. Each one wraps what is right. */
import { Leases } from "../../../actors/leases.ts";
import { LeaseWatch } from "../../../actors/lease-watch.ts";
import type { Clock } from "../../../lib/clock.ts";
import { FlowError } from "../../../lib/errors.ts";
import { Call } from "../../../lib/executor/call.ts";
import type { ToFlow, ToWorker } from "../../../lib/executor/protocol.ts";
import type { PackedOutcome } from "../../../lib/executor/protocol.ts";
import { unpackCalls } from "../../../lib/executor/wire.ts";
import { type BoardStore, shelfOf } from "../../../lib/jobboard/store.ts";
import type { Journal } from "../../../lib/journal/journal.ts";
import type { Batch } from "../../../lib/plan/records.ts";
import type { Stop, Transport } from "../../../lib/transport/transport.ts";
import type { Task } from "../../../lib/types.ts";
import { drawn } from "../time.ts";
import type { Called } from "./flows.ts";
import type { JournalServer } from "./journal.ts";
import type { FaultKind } from "./plan.ts";
import type { Process } from "./process.ts";
import type { StoreServer } from "./store.ts";

/** What a planted bug puts in the place of what. */
export interface Plant {
  readonly clock?: (process: Process) => Clock;
  readonly journal?: (inner: Journal, process: Process, server: JournalServer) => Journal;
  readonly store?: (inner: BoardStore, process: Process, server: StoreServer) => BoardStore;
  readonly transport?: (inner: Transport, process: Process, tasks: readonly Task[]) => Transport;
  readonly called?: (inner: Called, process: Process) => Called;
  /** What shows it, so that few seeds do. Default: all kinds of faults. */
  readonly faults?: readonly FaultKind[];
  /** Before a world begins; the answer undoes it. */
  readonly begin?: () => Stop;
}

const rest = (inner: Transport): Transport => ({
  maxBytes: inner.maxBytes,
  get isConnected() {
    return inner.isConnected;
  },
  request: (to, body, timeoutMs) => inner.request(to, body, timeoutMs),
  publish: (to, body) => inner.publish(to, body),
  serve: (at, take) => inner.serve(at, take),
  listen: (to, hear) => inner.listen(to, hear),
  watch: (changed) => inner.watch(changed),
  [Symbol.asyncDispose]: () => inner[Symbol.asyncDispose](),
});

/** Sends a worker's outcomes another way. */
function outcomes(change: (message: ToFlow & { kind: "outcomes" }) => ToFlow): Plant {
  return {
    transport: (inner) => ({
      ...rest(inner),
      request: (to, body, timeoutMs) => {
        const message = body as ToFlow;
        const isMeant = (message as ToFlow | null)?.kind === "outcomes";
        return inner.request(to, isMeant ? change(message as never) : body, timeoutMs);
      },
    }),
  };
}

/** The journal takes what an owner writes whose epoch is over. */
const noEpochCheck: Plant = {
  faults: ["freeze", "cut"],
  journal: (inner, { name }, server) => ({
    ...inner,
    append: async (flow: string, batch: Batch, state: string) => {
      try {
        await inner.append(flow, batch, state);
      } catch (error) {
        if (!FlowError.is(error, "FENCED")) throw error;
        server.force(name, flow, batch, state);
      }
    },
  }),
};

/** A batch is said to be stored when it is about to be. */
const ackBeforeWrite: Plant = {
  journal: (inner, { clock }) => ({
    ...inner,
    append: (flow: string, batch: Batch, state: string) => {
      clock.setTimeout(() => {
        void Promise.resolve(inner.append(flow, batch, state)).catch(() => undefined);
      }, 30);
      return Promise.resolve();
    },
  }),
};

/** What was not answered counts as not written, whether it was or not. */
const noReadBack: Plant = {
  journal: (inner, { clock }) => ({
    ...inner,
    append: async (flow: string, batch: Batch, state: string) => {
      const late = new Promise<never>((_, reject) => {
        clock.setTimeout(() => {
          reject(new FlowError("JOURNAL_UNAVAILABLE", { problem: "it does not answer" }));
        }, 60);
      });
      await Promise.race([inner.append(flow, batch, state), late]);
    },
  }),
};

/** A worker runs calls of an owner that it knows to be superseded. */
const quiet = (): void => undefined;

const staleOwnerAccepted: Plant = {
  faults: ["route"],
  transport: (inner, process, tasks) => {
    const epochs = new Map<string, number>();
    const runStale = (message: ToWorker & { kind: "calls" }): void => {
      for (const call of unpackCalls(message.flows)) {
        const known = epochs.get(call.flow) ?? 0;
        epochs.set(call.flow, Math.max(known, call.epoch));
        if (call.epoch >= known) continue;
        const task = tasks.find(({ name }) => name === call.task);
        const more = {
          atom: 0,
          again: false,
          secrets: undefined,
          history: undefined,
          name: call.task,
        };
        const of = { result: undefined, failure: undefined, failures: undefined, ...call, ...more };
        const context = new Call(of, { progress: quiet, logged: quiet }, quiet);
        void task?.[call.direction]?.(call.inputs, context);
      }
    };
    return {
      ...rest(inner),
      serve: (at, take) =>
        inner.serve(at, (body) => {
          const message = body as ToWorker;
          if (process.role === "worker" && message.kind === "calls") runStale(message);
          return take(body);
        }),
    };
  },
};

/** Some reverts are said to be done, and are not. */
const lostRevert: Plant = {
  called: (inner) => (call, inputs, code) =>
    call.of.direction === "revert" && drawn(call.key) < 0.3 ? undefined : inner(call, inputs, code),
};

/** Leases go by wall time. */
const wallClockLease: Plant = {
  faults: ["jump", "freeze"],
  clock: ({ clock }) => ({
    now: () => clock.now(),
    monotonic: () => clock.now(),
    setTimeout: (fn, delayMs) => clock.setTimeout(fn, delayMs),
    clearTimeout: (timer) => clock.clearTimeout(timer),
    yield: (fn) => clock.yield(fn),
  }),
};

/** Who is seen is taken for dead. */
const hastyWatch: Plant = {
  begin: () =>
    replaced(LeaseWatch.prototype, "see", () => (leases: readonly unknown[]) => [...leases]),
};

/** A gap in its own renewals is nothing to an observer. */
const gapsIgnored: Plant = {
  faults: ["leader", "freeze"],
  begin: () => {
    const undo = [
      replaced(LeaseWatch.prototype, "restart", () => () => undefined),
      replaced(
        LeaseWatch.prototype,
        "renewed",
        (real) =>
          function (this: LeaseWatch) {
            for (let times = 0; times < 4; times++) real.call(this);
          },
      ),
    ];
    return () => {
      for (const one of undo) one();
    };
  },
};

/** A lease that was taken away is made again by who had it. */
const leaseRevived: Plant = {
  faults: ["freeze"],
  store: (inner, _process, { entries }) => ({
    ...inner,
    write: (key, value, expected, withinMs) => {
      const isGone = shelfOf(key) === "leases" && !entries.has(key);
      return inner.write(key, value, isGone ? 0 : expected, withinMs);
    },
  }),
};

/** An owner never asks itself whether its lease still holds. */
const leaseUnchecked: Plant = {
  faults: ["freeze"],
  begin: () => {
    const real = Object.getOwnPropertyDescriptor(Leases.prototype, "isFresh") as PropertyDescriptor;
    Object.defineProperty(Leases.prototype, "isFresh", { ...real, get: () => true });
    return () => void Object.defineProperty(Leases.prototype, "isFresh", real);
  },
};

/** Puts another method in the place of a class's own. */
function replaced<Class extends object, Name extends keyof Class>(
  of: Class,
  name: Name,
  make: (real: Class[Name]) => unknown,
): Stop {
  const real = of[name];
  of[name] = make(real) as Class[Name];
  return () => void (of[name] = real);
}

/** Whoever writes a job last is right. */
const claimWithoutCompare: Plant = {
  store: (inner, _process, { entries }) => ({
    ...inner,
    write: (key, value, expected) => {
      const now = shelfOf(key) === "jobs" ? entries.get(key)?.revision : undefined;
      return inner.write(key, value, now ?? expected);
    },
  }),
};

/** Some changes of jobs are never told. */
const deafWatch: Plant = {
  store: (inner) => ({
    ...inner,
    watch: (changed, ended) =>
      inner.watch((change) => {
        const revision = change.stored?.revision ?? 0;
        if (drawn(change.key, revision) > 0.2) changed(change);
      }, ended),
  }),
};

/** A worker forgets outcomes that nobody was there for. */
const forgottenOutcome: Plant = {
  transport: (inner) => ({
    ...rest(inner),
    request: async (to, body, timeoutMs) => {
      try {
        return await inner.request(to, body, timeoutMs);
      } catch (error) {
        const message = body as ToFlow | null;
        if (message?.kind !== "outcomes") throw error;
        return message.outcomes.map(() => "superseded");
      }
    },
  }),
};

/** Something changes results on their way. */
const changedResult: Plant = outcomes((message) => ({
  ...message,
  outcomes: message.outcomes.map((one): PackedOutcome => {
    const [key, value] = one;
    return typeof value === "number" && drawn(key) < 0.1 ? [key, value + 2] : one;
  }),
}));

/** A failure is taken for a success. */
const failureHidden: Plant = outcomes((message) => ({
  ...message,
  outcomes: message.outcomes.map((one) => (one.length === 2 ? one : [one[0], 0])),
}));

/** The journal loses the last batch of a flow when it changes hands. */
const lostTail: Plant = {
  journal: (inner, _process, server) => ({
    ...inner,
    read: (flow: string) => {
      if ((server.batches.get(flow)?.length ?? 0) > 4) server.forget(flow);
      return inner.read(flow);
    },
  }),
};

export const plants: Readonly<Record<string, Plant>> = {
  noEpochCheck,
  ackBeforeWrite,
  noReadBack,
  staleOwnerAccepted,
  lostRevert,
  wallClockLease,
  hastyWatch,
  gapsIgnored,
  leaseRevived,
  leaseUnchecked,
  claimWithoutCompare,
  deafWatch,
  forgottenOutcome,
  changedResult,
  failureHidden,
  lostTail,
};
