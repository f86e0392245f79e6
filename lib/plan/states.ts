/**
 * The states, events and contexts of atoms and flows: what the fold asks of the machines it is given.
 *
 * The machines themselves are XState's and stand in actors/; the fold sees them as `Step`s, so that it stays pure
 * and a page can fold a journal with the very same machines.
 */
import type { Failure } from "../failure.ts";
import type { RetryAttempt } from "../types.ts";

export type AtomState =
  | "PENDING"
  | "RUNNING"
  | "SUCCESS"
  | "FAILURE"
  | "REVERTING"
  | "REVERTED"
  | "REVERT_FAILURE"
  | "IGNORE"
  | "RETRYING";

export type FlowStateName =
  | "PENDING"
  | "RUNNING"
  | "SUSPENDING"
  | "SUSPENDED"
  | "RESUMING"
  | "SUCCESS"
  | "REVERTED"
  | "FAILURE"
  | "PARKED";

/** How a run can end. */
export type EndState = "SUCCESS" | "REVERTED" | "FAILURE" | "SUSPENDED";

/** What the flow wants of an atom; its state says how far it is. */
export type Intention = "EXECUTE" | "REVERT" | "RETRY" | "IGNORE";

export interface TaskContext {
  /** Number of the last attempt in each direction. They only grow. */
  readonly attempt: number;
  readonly reverts: number;
  /** From 0 to 1. */
  readonly progress: number;
  readonly result: unknown;
  readonly failure: Failure | undefined;
  readonly revertResult: unknown;
  readonly revertFailure: Failure | undefined;
}

export interface RetryMachineContext extends TaskContext {
  /** The attempts so far, oldest first. Emptied when the controller is reverted: an outer one starts it afresh. */
  readonly history: readonly RetryAttempt[];
}

export type TaskEvent =
  | { readonly type: "start" }
  | { readonly type: "succeeded"; readonly value: unknown }
  | { readonly type: "failed"; readonly failure: Failure }
  | { readonly type: "revert" }
  | { readonly type: "reverted"; readonly value: unknown }
  | { readonly type: "revertFailed"; readonly failure: Failure }
  | {
      /** A start is taken back: all is as it was before, but for the number of the attempt. */
      readonly type: "withdrawn";
      readonly to: AtomState;
      readonly progress: number;
      readonly revertFailure: Failure | undefined;
    }
  | { readonly type: "progress"; readonly fraction: number }
  | { readonly type: "ignore" }
  /** A person says what came of it. Where no attempt is under way, that counts as one. */
  | { readonly type: "completed"; readonly value: unknown }
  | { readonly type: "condemned"; readonly failure: Failure }
  | { readonly type: "reset" };

export type RetryEvent =
  | TaskEvent
  | { readonly type: "retry" }
  /** Set back by a person, it has all its attempts again. */
  | { readonly type: "renew" }
  | { readonly type: "fault"; readonly atom: string; readonly failure: Failure };

export type FlowEvent =
  | { readonly type: "run" }
  | { readonly type: "suspend" }
  | { readonly type: "adopt" }
  | { readonly type: "adopted" }
  | { readonly type: "reset" }
  | { readonly type: "park" }
  /** A person set atoms back: what is over can go on. */
  | { readonly type: "reopen" }
  | { readonly type: "end"; readonly state: EndState };

/** What the fold reads of an atom's snapshot; the rest of it is XState's. */
export interface AtomSnapshot {
  readonly value: AtomState;
  readonly context: TaskContext & { readonly history?: readonly RetryAttempt[] };
}

export interface FlowSnapshot {
  readonly value: FlowStateName;
}

/** A machine as a pure function. The same object comes back when the event changes nothing. */
export interface Step<Snapshot, Event> {
  readonly initial: Snapshot;
  step(snapshot: Snapshot, event: Event): Snapshot;
  /**
   * The machine's own snapshot of a value and a context that were written down.
   *
   * @throws Error of any kind when the machine has no such state
   */
  restore(kept: Snapshot): Snapshot;
}

export interface Machines {
  readonly task: Step<AtomSnapshot, TaskEvent>;
  readonly retry: Step<AtomSnapshot, RetryEvent>;
  readonly flow: Step<FlowSnapshot, FlowEvent>;
}
