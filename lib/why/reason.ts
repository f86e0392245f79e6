/**
 * Why a job or a flow does not move: one true sentence, from what is known of it. Pure, and the same for the command
 * line, its report and the inspector's page, in whose bundle it is.
 */
import type { FlowState } from "../plan/state.ts";
import { duration, oneLine, plural, when } from "../text.ts";
import { commandText } from "./command.ts";
import type { ConductorFacts, Facts, JobFacts, Present, Reason } from "./facts.ts";
import { flowReason, leftBy } from "./flow-reason.ts";
import { going, stuck } from "./outcome.ts";
import { endedReason, restReason } from "./rest.ts";

/** @returns undefined when nothing is known of it */
export function reasonOf(facts: Facts): Reason | undefined {
  const { state, present } = facts;
  if (present?.away !== undefined) return awayReason(present.away);
  if (present?.job !== undefined) return jobReason(facts, present, present.job);
  if (state === undefined) return undefined;
  if (present === undefined) return restReason(facts, state) ?? flowReason(facts, state, "");
  return bareReason(facts, present, state);
}

function awayReason(place: string): Reason {
  const sentence = `nothing can be recorded, so nothing starts: from here ${oneLine(place)} does not answer`;
  return stuck("SERVER_AWAY", sentence);
}

function jobReason(facts: Facts, present: Present, job: JobFacts): Reason {
  const { state, end, owner, updatedAt } = job;
  if (state === "COMPLETE") return endedReason(end?.state ?? "", updatedAt, end?.message);
  if (state === "TRASHED") {
    const { reason = "no reason was given" } = job;
    const restore = commandText("restore", facts.id, present.place);
    const sentence = `it is in the trash since ${when(updatedAt)}: ${oneLine(reason)}; "${restore}" puts it back`;
    return stuck("TRASHED", sentence);
  }
  if (job.isHeld) return heldReason(facts, present, job);
  return owner === undefined
    ? unclaimedReason(facts, present, job)
    : claimedReason(facts, present, job, owner);
}

function heldReason({ id, state }: Facts, { place }: Present, { reason }: JobFacts): Reason {
  const isParked = state?.flow.value === "PARKED";
  const said = state?.trouble?.failure.message ?? reason;
  const why = isParked && said !== undefined ? `: ${oneLine(said)}` : "";
  const what = isParked ? "parked" : "suspended";
  const sentence = `it is ${what}${why}; "${commandText("resume", id, place)}" lets it go on`;
  return stuck(isParked ? "PARKED" : "SUSPENDED", sentence);
}

function unclaimedReason({ now }: Facts, { conductors }: Present, job: JobFacts): Reason {
  const { flow, reason, updatedAt } = job;
  const alive = conductors.filter(({ silentMs }) => silentMs === 0);
  const knowing = knowingOf(alive);
  const name = oneLine(flow);
  if (knowing.length === 0) {
    const there = alive.length === 0 ? "none is there" : `${alive.length} with other flows only`;
    return stuck("NO_CONDUCTOR", `no conductor has the flow "${name}": ${there}`);
  }
  const fitting = knowing.filter((conductor) => fits(conductor, job));
  if (fitting.length === 0) {
    const sentence = `${plural(knowing.length, "conductor")} with the flow "${name}", but none with the code that it was posted for`;
    return stuck("OTHER_CODE", sentence);
  }
  const free = fitting.filter(({ running, maxFlows = Infinity }) => running < maxFlows);
  if (free.length === 0) return busyReason(fitting, name);
  const ago = duration(Math.max(0, now - updatedAt));
  if (reason !== undefined) {
    const sentence = `it was given back ${ago} ago, ${oneLine(reason)}, and waits for one of ${plural(free.length, "conductor")}`;
    return going("GIVEN_BACK", sentence);
  }
  const sentence = `it is about to be claimed by one of ${plural(free.length, "conductor")}, for ${ago} now`;
  return going("TO_BE_CLAIMED", sentence);
}

function busyReason(fitting: readonly ConductorFacts[], name: string): Reason {
  const all = fitting.reduce((sum, { running }) => sum + running, 0);
  const who =
    fitting.length === 1
      ? `the one conductor that has the flow "${name}" runs`
      : `all ${fitting.length} conductors that have the flow "${name}" run`;
  return going("CONDUCTORS_BUSY", `${who} as many flows as may be: ${all}`);
}

/** Of those that don't name all of their flows, any may have it. */
const knowingOf = (conductors: readonly ConductorFacts[]): readonly ConductorFacts[] =>
  conductors.filter(({ flowHash }) => flowHash !== null);

const fits = ({ flowHash }: ConductorFacts, { hash }: JobFacts): boolean =>
  hash === undefined || typeof flowHash !== "string" || hash.startsWith(flowHash);

function claimedReason(facts: Facts, present: Present, job: JobFacts, owner: string): Reason {
  const { state } = facts;
  const own = present.conductors.find((conductor) => conductor.owner === owner);
  const name = oneLine(owner);
  if (own === undefined || own.silentMs > 0) return deadReason(present, job, owner, own);
  if (own.isStalled) {
    return going("OWNER_BUSY", `a task keeps the event loop of its owner ${name} busy`);
  }
  if (state?.owner !== owner) {
    const sentence = `its owner ${name} has just claimed it and is about to begin`;
    return going("BEGINNING", sentence);
  }
  const where = own.engine === "workers" ? "" : ` on conductor ${name}`;
  return restReason(facts, state) ?? flowReason(facts, state, where);
}

function deadReason(
  { conductors }: Present,
  { flow }: JobFacts,
  owner: string,
  own: ConductorFacts | undefined,
): Reason {
  const others = conductors.filter((lease) => lease.owner !== owner && lease.silentMs === 0);
  const [heir, ...more] = knowingOf(others);
  const name = oneLine(owner);
  const dead =
    own === undefined
      ? `its owner ${name} has no lease any more`
      : `its owner ${name} has not renewed its lease of ${duration(own.leaseMs)} for ${duration(own.silentMs)}`;
  if (heir === undefined) {
    const sentence = `${dead}, and no other conductor has the flow "${oneLine(flow)}"`;
    return stuck("OWNER_DEAD", sentence);
  }
  const who = more.length === 0 ? oneLine(heir.owner) : "another conductor";
  return going("OWNER_DEAD", `${dead}, and ${who} takes over when that is over`);
}

/** A flow that is no job: of `run`, or of a program of its own. */
function bareReason(facts: Facts, { place, runner, gone }: Present, state: FlowState): Reason {
  const rest = restReason(facts, state);
  if (rest !== undefined) return rest;
  if (runner !== undefined) return flowReason(facts, state, ` in ${oneLine(runner)}`);
  const resume = `"${commandText("resume", facts.id, place)}" goes on with it`;
  if (state.owner === "") return stuck("NOT_RUN", `nobody has begun to run it; ${resume}`);
  if (gone !== undefined) {
    return stuck("NOT_RUN", `its ${oneLine(gone)} is gone, and left ${leftBy(state)}; ${resume}`);
  }
  const reason = flowReason(facts, state, "");
  const sentence = `${reason.sentence}, if its owner ${oneLine(state.owner)} still lives; if it doesn't, ${resume}`;
  return { ...reason, sentence };
}
