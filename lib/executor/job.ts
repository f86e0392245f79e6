/** An attempt on its way to a worker and back, as the engine's side sees it. */
import type { Failure } from "../failure.ts";
import type { LossReason } from "../plan/records.ts";
import type { Call } from "./protocol.ts";

/** Whose attempt it is. */
export interface JobOwner {
  /** It is certain that nobody else owns the flow by now. */
  readonly mayCall: boolean;
  /** A worker has taken it. */
  taken(job: Job): void;
  /** Its worker is gone. */
  lost(job: Job, reason: LossReason): void;
  /** No worker can ever do it for this owner. */
  failed(job: Job, failure: Failure): void;
}

export interface Job {
  call: Call;
  /** See `taskKey`. */
  readonly task: string;
  readonly owner: JobOwner;
  /** `searched`: an earlier owner started it, and it is not known yet whether a worker holds it. */
  state: "queued" | "searched" | "sent" | "taken" | "over";
  worker: string | undefined;
}
