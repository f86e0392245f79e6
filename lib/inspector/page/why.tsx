/** Why the flow is where it is: the sentence of `fourstroke why`. */
import type { Present } from "../../why/facts.ts";
import { reasonOf } from "../../why/reason.ts";
import { factsAt } from "../model/facts.ts";
import type { Moment } from "../model/player.ts";
import type { Spans } from "../model/timeline.ts";
import { useNow } from "./now.ts";

interface WhyProps {
  readonly id: string;
  /** Undefined: there is no journal, or it isn't read yet. */
  readonly moment?: Moment;
  readonly spans?: Spans;
  /** Undefined: it isn't known yet. */
  readonly present: Present | undefined;
  /** It is the present moment, not an earlier one. */
  readonly isLive: boolean;
}

const none: Spans = new Map();

export function Why({ id, moment, spans = none, present, isLive }: WhyProps) {
  const now = useNow(250, isLive);
  const reason = reasonOf(factsAt(id, moment, spans, isLive ? { now, present } : undefined));
  if (reason === undefined) return null;
  return (
    <span class={`why${reason.isStuck ? " stuck" : ""}`} data-code={reason.code}>
      {reason.sentence}
    </span>
  );
}
