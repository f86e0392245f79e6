/** Why a job or a flow does not move: one true sentence, from what is known of it. Pure. */
import type { Job } from "../jobboard/jobboard.ts";
import type { SeenConductor } from "./conductors.ts";
import type { Facts, Reason } from "./facts.ts";
import { flowReason } from "./flow-reason.ts";
import type { Kept } from "./store.ts";
import { duration, oneLine, plural, when } from "./text.ts";

/** @returns undefined when nothing is known of it */
export function reasonOf(facts: Facts): Reason | undefined {
  if (facts.job !== undefined) return jobReason(facts, facts.job);
  if (facts.kept !== undefined) return bareReason(facts, facts.kept);
  return undefined;
}

function jobReason(facts: Facts, job: Job): Reason {
  const { now, command } = facts;
  const { state, end, reason = "no reason was given", owner, updatedAt } = job;
  const ago = `${duration(Math.max(0, now - updatedAt))} ago`;
  if (state === "COMPLETE") return ended(end?.state ?? "", ago, end?.failure?.message);
  if (state === "TRASHED") {
    const sentence = `it is in the trash since ${when(updatedAt)}: ${oneLine(reason)}; "${command("restore")}" puts it back`;
    return { code: "TRASHED", sentence };
  }
  if (job.isHeld) return heldReason(facts, reason);
  return owner === undefined ? unclaimedReason(facts, job) : claimedReason(facts, job, owner);
}

function ended(state: string, ago: string, failure: string | undefined): Reason {
  const because = failure === undefined ? "" : `: ${oneLine(failure)}`;
  return { code: "ENDED", sentence: `it ended ${state} ${ago}${because}` };
}

function heldReason({ kept, command }: Facts, reason: string): Reason {
  const isParked = kept?.view.state === "PARKED";
  const why = isParked ? `: ${oneLine(kept.view.reason ?? reason)}` : "";
  const what = isParked ? "parked" : "suspended";
  const sentence = `it is ${what}${why}; "${command("resume")}" lets it go on`;
  return { code: isParked ? "PARKED" : "SUSPENDED", sentence };
}

function unclaimedReason({ conductors, now }: Facts, job: Job): Reason {
  const { flow, blueprint, reason, updatedAt } = job;
  const alive = conductors.filter(({ silentMs }) => silentMs === 0);
  const knowing = knowingOf(alive, flow);
  const name = oneLine(flow);
  if (knowing.length === 0) {
    const there = alive.length === 0 ? "none is there" : `${alive.length} with other flows only`;
    return { code: "NO_CONDUCTOR", sentence: `no conductor has the flow "${name}": ${there}` };
  }
  const fitting = knowing.filter(({ details }) => fits(details.flows ?? [], job));
  if (blueprint !== undefined && fitting.length === 0) {
    const sentence = `${plural(knowing.length, "conductor")} with the flow "${name}", but none with the code that it was posted for`;
    return { code: "OTHER_CODE", sentence };
  }
  const free = fitting.filter(
    ({ details }) => (details.running ?? 0) < (details.maxFlows ?? Infinity),
  );
  if (free.length === 0) {
    const running = fitting.reduce((sum, { details }) => sum + (details.running ?? 0), 0);
    const all =
      fitting.length === 1
        ? "the one conductor that has"
        : `all ${fitting.length} conductors that have`;
    const sentence = `${all} the flow "${name}" run${fitting.length === 1 ? "s" : ""} as many flows as may be: ${running}`;
    return { code: "CONDUCTORS_BUSY", sentence };
  }
  const ago = duration(Math.max(0, now - updatedAt));
  if (reason !== undefined) {
    const sentence = `it was given back ${ago} ago, ${oneLine(reason)}, and waits for one of ${plural(free.length, "conductor")}`;
    return { code: "GIVEN_BACK", sentence };
  }
  const sentence = `it is about to be claimed by one of ${plural(free.length, "conductor")}, for ${ago} now`;
  return { code: "TO_BE_CLAIMED", sentence };
}

/** Of those whose lease names not all of their flows, any may have it. */
const knowingOf = (conductors: readonly SeenConductor[], flow: string): readonly SeenConductor[] =>
  conductors.filter(({ details: { flows = [], flowsInAll = 0 } }) => {
    return flows.some(([name]) => name === flow) || flows.length < flowsInAll;
  });

function fits(flows: readonly (readonly [string, string])[], { flow, blueprint }: Job): boolean {
  const known = flows.find(([name]) => name === flow);
  return blueprint === undefined || known === undefined || blueprint.hash.startsWith(known[1]);
}

function claimedReason(facts: Facts, job: Job, owner: string): Reason {
  const { conductors, kept } = facts;
  const own = conductors.find((lease) => lease.owner === owner);
  const name = oneLine(owner);
  if (own === undefined || own.silentMs > 0) {
    const others = conductors.filter((lease) => lease.owner !== owner && lease.silentMs === 0);
    const heirs = knowingOf(others, job.flow);
    const dead =
      own === undefined
        ? `its owner ${name} has no lease any more`
        : `its owner ${name} has not renewed its lease of ${duration(own.leaseMs)} for ${duration(own.silentMs)}`;
    const next =
      heirs.length === 0
        ? `and no other conductor has the flow "${oneLine(job.flow)}"`
        : `and ${heirs.length === 1 ? oneLine(heirs[0]?.owner ?? "") : "another conductor"} takes over when that is over`;
    return { code: "OWNER_DEAD", sentence: `${dead}, ${next}` };
  }
  if (own.isStalled) {
    return {
      code: "OWNER_BUSY",
      sentence: `a task keeps the event loop of its owner ${name} busy`,
    };
  }
  if (kept === undefined || kept.state.owner !== owner) {
    return {
      code: "BEGINNING",
      sentence: `its owner ${name} has just claimed it and is about to begin`,
    };
  }
  return flowReason(facts, kept);
}

/** A flow of `run`. */
function bareReason(facts: Facts, kept: Kept): Reason {
  const { command, now, process } = facts;
  const { state, reason } = kept.view;
  const ago = `${duration(Math.max(0, now - (kept.batches.at(-1)?.at ?? now)))} ago`;
  if (state === "SUCCESS" || state === "REVERTED" || state === "FAILURE") {
    return ended(state, ago, reason ?? Object.values(kept.view.failures())[0]?.message);
  }
  if (state === "SUSPENDED" || state === "PARKED") {
    const why = reason === undefined ? "" : `: ${oneLine(reason)}`;
    const unpark = state === "PARKED" ? " --unpark" : "";
    const sentence = `it is ${state.toLowerCase()}${why}; "${command("resume")}${unpark}" lets it go on`;
    return { code: state, sentence };
  }
  if (process !== undefined) return flowReason(facts, kept);
  const sentence = `nobody is known to run it: its last owner ${oneLine(kept.state.owner)} was last heard of ${ago}; "${command("resume")}" goes on with it`;
  return { code: "NOT_RUN", sentence };
}
