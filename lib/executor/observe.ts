/** How runs and attempts are seen by whoever traces and counts them; `lib/telemetry.ts` is who does. */
import type { Clock } from "../clock.ts";
import type { Failure } from "../failure.ts";
import type { Direction, FlowRecord, LossReason, Outcome } from "../plan/records.ts";

/** A run of a flow as its owner begins it. */
export interface SeenRun {
  readonly flow: string;
  /** The root flow's name. */
  readonly name: string;
  /** W3C `traceparent` of what this run is part of. */
  readonly parent: string | undefined;
  /** W3C `traceparent` of the run before, which this one goes on from. */
  readonly before: string | undefined;
  readonly clock: Clock;
  /** A failure as it may be shown. */
  readonly shown: (failure: Failure) => Failure;
}

/** An attempt, where it is launched or where it runs. */
export interface SeenAttempt {
  readonly flow: string;
  readonly name: string;
  readonly direction: Direction;
  readonly attempt: number;
}

/** An attempt that arrived from elsewhere. */
export interface SeenCall extends SeenAttempt {
  /** W3C `traceparent` of the attempt where it was launched. */
  readonly parent: string;
  readonly shown: (failure: Failure) => Failure;
}

export interface AttemptTrace {
  /** For what it calls elsewhere; undefined: nothing is traced. */
  readonly traceparent: string | undefined;
  /** Calls users' code, so that spans of its own stand below this one. */
  within<Value>(call: () => Value): Value;
  /** Said again, it counts for nothing. `abandoned`: its owner let go of the flow. */
  ended(how: Outcome | LossReason | "abandoned"): void;
}

export interface RunTrace {
  /** Undefined: nothing is traced. */
  readonly traceparent: string | undefined;
  launched(attempt: SeenAttempt): AttemptTrace;
  /** Records that became durable; the name is of an atom's number. */
  recorded(records: readonly FlowRecord[], nameOf: (atom: number) => string): void;
  /** @param state - in which the run ended; that of a flow that was let go of is not known */
  ended(state: string | undefined, failure?: Failure): void;
}

/** Told what happens; whatever it does with that, it must not throw. */
export interface Telemetry {
  run(run: SeenRun): RunTrace;
  call(call: SeenCall): AttemptTrace;
}
