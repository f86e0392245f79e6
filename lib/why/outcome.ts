/** Makes reasons. */
import type { Reason, ReasonCode } from "./facts.ts";

export const going = (code: ReasonCode, sentence: string): Reason => ({
  code,
  sentence,
  isStuck: false,
});

/** Somebody has to do something. */
export const stuck = (code: ReasonCode, sentence: string): Reason => ({
  code,
  sentence,
  isStuck: true,
});
