/** A state of a chart, as XState's `createMachine` takes it: data only. */
export interface ChartState {
  /** Of its own where something leads to it: what leads there says `#id`. */
  readonly id?: string;
  readonly type?: "parallel" | "final";
  readonly description?: string;
  readonly meta?: Readonly<Record<string, string>>;
  readonly initial?: string;
  readonly states?: Readonly<Record<string, ChartState>>;
  readonly on?: Readonly<Record<string, string>>;
  readonly onDone?: string;
}

/** Where a flow's chart ends. */
export const ends = {
  SUCCESS: "end:SUCCESS",
  REVERTED: "end:REVERTED",
  FAILURE: "end:FAILURE",
} as const;
