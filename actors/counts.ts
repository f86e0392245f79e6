/** What a flow actor counts. */

/** Counts of what the actor did since it was made. */
export interface FlowCounts {
  batches: number;
  records: number;
  started: number;
  /** Outcomes that came after another one of their attempt (I4), or after it was given up. */
  superseded: number;
  /** Batches that the journal could not take at first. */
  refused: number;
}

export const noCounts: Readonly<FlowCounts> = {
  batches: 0,
  records: 0,
  started: 0,
  superseded: 0,
  refused: 0,
};
