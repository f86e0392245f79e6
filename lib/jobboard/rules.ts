/** What may become of a job, written once for all boards: an entry and an operation give the next entry. No I/O. */
import { isDeepStrictEqual } from "node:util";
import { encode } from "../bytes.ts";
import { admit } from "../codec.ts";
import { FlowError } from "../errors.ts";
import { tokenOf } from "../names.ts";
import { wantsRun } from "../plan/edit.ts";
import { checkedEdit } from "../plan/edit-checked.ts";
import {
  type AbandonOptions,
  type ClaimOptions,
  type CommandKind,
  type Job,
  type JobBlueprint,
  type JobCommand,
  type JobEnd,
  type JobPost,
  type PendingCommand,
  priorities,
} from "./jobboard.ts";

/** A job without what only the store knows. */
export type Entry = Omit<Job, "revision">;

/** Reads an entry, and says what is next: the same object when nothing changes. For one operation. */
export type Rule = (entry: Entry, revision: number) => Entry;

const limits = { token: 1_000, commands: 16, refusals: 8, commandText: 1_000, text: 8_192 };
const postedBytes = 384 * 1024;
/** What a job grows by in its life has to fit into one message of a server, 1 MiB, with what was posted. */
const endBytes = 512 * 1024;
const foundBytes = 16 * 1024;
const commandKinds: readonly CommandKind[] = [
  ...(["cancel", "suspend", "resume", "kill", "edit"] as const),
];

/** @throws FlowError `INVALID_OPTION` unless it can name a job, an owner or a flow */
export function assertName(option: string, name: unknown): void {
  const problem =
    typeof name !== "string"
      ? `is ${name === undefined ? "undefined" : `a ${typeof name}`}`
      : name === ""
        ? "is empty"
        : tokenOf(name).length > limits.token
          ? `is longer than ${limits.token} characters as a token`
          : undefined;
  if (problem !== undefined) throw new FlowError("INVALID_OPTION", { option, problem });
}

/** The entry that a post makes. @throws FlowError `PAYLOAD_REFUSED`, `INVALID_OPTION` */
export function posted(post: JobPost, id: string, at: number): Entry {
  assertName("id", id);
  assertName("flow", post.flow);
  const { flow, store = {}, details = {}, priority = "NORMAL", blueprint } = post;
  if (!priorities.includes(priority)) {
    const problem = `"${String(priority)}" is none of ${priorities.join(", ")}`;
    throw new FlowError("INVALID_OPTION", { option: "priority", problem });
  }
  return {
    ...{ id, flow, priority, postedAt: at, updatedAt: at },
    store: admitted("store", store),
    details: admitted("details", details),
    ...(blueprint === undefined ? {} : { blueprint: admitted("blueprint", { ...blueprint }) }),
    ...{ state: "UNCLAIMED", owner: undefined, isHeld: false, claims: 0 },
    ...{ commands: [], commanded: 0 },
  };
}

/** @throws FlowError `ALREADY_EXISTS` unless both were made by the same post */
export function assertSame(there: Entry, made: Entry): void {
  const what = ({ flow, store, details, priority, blueprint, isBlueprintFound }: Entry) => [
    ...[flow, store, details, priority, isBlueprintFound === true ? undefined : blueprint],
  ];
  // Either alone is too strict: bytes tell keys in another order apart, and Node two invalid dates in sets.
  if (isDeepStrictEqual(what(there), what(made))) return;
  if (encode(what(there)).equals(encode(what(made)))) return;
  throw new FlowError("ALREADY_EXISTS", { what: "job", name: made.id });
}

export function claim(who: string, options: ClaimOptions, at: number): Rule {
  let tried: number | undefined;
  return (entry, current) => {
    const { revision, from } = options;
    const { id, state, owner, claims } = entry;
    const isHeld = entry.isHeld && options.isHeld !== true;
    // Asked again: the try before came through after all, and somebody else has changed the job since.
    if (tried === claims && owner === who) return entry;
    const refuse = (problem?: string): FlowError =>
      new FlowError("JOB_UNCLAIMABLE", {
        ...{ job: id, state },
        ...(owner === undefined ? {} : { owner }),
        ...(problem === undefined ? {} : { problem }),
      });
    if (state !== "UNCLAIMED" && !(state === "CLAIMED" && owner === from)) throw refuse();
    if (isHeld) throw refuse("it is held until it is told to resume");
    if (state === "UNCLAIMED" && from !== undefined) throw refuse(`${from} does not own it`);
    if (revision !== undefined && revision !== current) {
      throw refuse(`it has changed since revision ${revision}`);
    }
    const { reason: _, ...rest } = entry;
    tried = claims + 1;
    return { ...rest, state: "CLAIMED", owner: who, claims: tried, updatedAt: at };
  };
}

export function abandon(
  who: string,
  { reason, isHeld = false, blueprint }: AbandonOptions,
  at: number,
): Rule {
  const found =
    blueprint === undefined
      ? {}
      : ({ blueprint: bounded(blueprint), isBlueprintFound: true } as const);
  return (entry) => {
    assertOwner(entry, who);
    // What came while the owner was on its way out releases the job, or holds it, as it would have a moment later.
    const last = entry.commands.findLast((one) => one.kind === "suspend" || releases(one));
    const isReleased = last !== undefined && last.kind !== "suspend";
    return {
      ...{ ...entry, ...unowned, state: "UNCLAIMED", updatedAt: at },
      ...(entry.blueprint === undefined ? found : {}),
      isHeld: isHeld && !isReleased,
      ...(reason === undefined ? {} : { reason: text("reason", reason, limits.text) }),
    };
  };
}

/** The hash alone, where the rest is so much that a job could outgrow its board. */
function bounded(blueprint: JobBlueprint): JobBlueprint {
  const kept = admitted("blueprint", { ...blueprint });
  return encode(kept).byteLength > foundBytes ? { hash: kept.hash, needs: [] } : kept;
}

export function consume(who: string, end: JobEnd, at: number): Rule {
  const kept = admitted("end", { ...end });
  if (encode(kept).byteLength > endBytes) {
    throw new FlowError("PAYLOAD_REFUSED", {
      path: "end",
      problem: `is bigger than ${endBytes} bytes`,
    });
  }
  return (entry) => {
    assertOwner(entry, who);
    // Left after the last look: somebody wants it to go on, and was not told that it can't.
    const left = entry.commands.filter(reopens);
    const late = entry.commands.filter((one) => !reopens(one));
    const next = { ...entry, ...unowned, ...refusing(entry, late, () => tooLate(kept), at) };
    if (left.length > 0) return { ...next, state: "UNCLAIMED", commands: left, updatedAt: at };
    return { ...next, state: "COMPLETE", end: kept, commands: [], updatedAt: at };
  };
}

export function trash(who: string, reason: string, at: number): Rule {
  const kept = text("reason", reason, limits.text);
  return (entry) => {
    assertOwner(entry, who);
    return { ...entry, ...unowned, state: "TRASHED", reason: kept, updatedAt: at };
  };
}

export function restore(at: number): Rule {
  return (entry) => {
    if (entry.state !== "TRASHED") throw stateOf(entry, "be restored");
    return { ...entry, state: "UNCLAIMED", updatedAt: at };
  };
}

/** A held job may be claimed for it. */
export const releases = ({ kind, edit }: JobCommand): boolean =>
  kind !== "suspend" && (edit === undefined || wantsRun(edit));

/** Words for why a command comes to nothing. */
export const tooLate = ({ state }: JobEnd): string => `the flow had ended before: ${state}`;

/** The refusals of an entry with those of commands that are taken off it. */
function refusing(
  { refusals = [] }: Entry,
  taken: readonly PendingCommand[],
  whyOf: (number: number) => string | undefined,
  at: number,
): Pick<Entry, "refusals"> {
  const more = taken.flatMap(({ number, kind }) => {
    const why = whyOf(number);
    return why === undefined
      ? []
      : [{ number, kind, why: text("why", why, limits.commandText), at }];
  });
  const all = [...refusals, ...more].slice(-limits.refusals);
  return all.length === 0 ? {} : { refusals: all };
}

/** It sets atoms back, also of what is over. */
const reopens = ({ edit }: JobCommand): boolean => edit?.kind === "retryFrom";

export function command({ kind, reason, edit }: JobCommand, at: number): Rule {
  if (!commandKinds.includes(kind)) {
    const problem = `"${String(kind)}" is none of ${commandKinds.join(", ")}`;
    throw new FlowError("INVALID_OPTION", { option: "kind", problem });
  }
  if ((kind === "edit") !== (edit !== undefined)) {
    const problem = `is ${edit === undefined ? "missing" : `of no use to ${kind}`}`;
    throw new FlowError("INVALID_OPTION", { option: "edit", problem });
  }
  const asked: JobCommand = {
    kind,
    ...(reason === undefined ? {} : { reason: text("reason", reason, limits.commandText) }),
    ...(edit === undefined ? {} : { edit: checkedEdit(edit) }),
  };
  return (entry) => {
    const { end: _, ...rest } = entry;
    const { id, state, commands, commanded, isHeld } = rest;
    if (state === "TRASHED" || (state === "COMPLETE" && !reopens(asked))) {
      throw stateOf(entry, kind);
    }
    // Held is what a suspend asks for, and twice the same is once.
    const last = commands.at(-1);
    const isSame = last?.kind === kind && isDeepStrictEqual(last.edit, asked.edit);
    if ((isHeld && kind === "suspend") || isSame) return entry;
    if (commands.length >= limits.commands) {
      throw new FlowError("COMMANDS_FULL", { job: id, limit: limits.commands });
    }
    const number = commanded + 1;
    const isReleased = isHeld && releases(asked);
    const wasHeld = isReleased && kind === "edit" ? { wasHeld: true } : {};
    const all = [...commands, { number, ...asked, ...wasHeld }];
    return {
      ...rest,
      ...(state === "COMPLETE" ? { state: "UNCLAIMED" as const } : {}),
      ...{ commands: all, commanded: number, updatedAt: at },
      isHeld: isHeld && !isReleased,
    };
  };
}

export function takeCommands(
  who: string,
  upTo: number,
  refused: ReadonlyMap<number, string>,
  at: number,
): Rule {
  return (entry) => {
    assertOwner(entry, who);
    const left = entry.commands.filter(({ number }) => number > upTo);
    if (left.length === entry.commands.length) return entry;
    const taken = entry.commands.filter(({ number }) => number <= upTo);
    const refusals = refusing(entry, taken, (number) => refused.get(number), at);
    return { ...entry, ...refusals, commands: left, updatedAt: at };
  };
}

/** Whether nothing will become of it by itself any more. */
export const hasEnded = ({ state }: Pick<Entry, "state">): boolean =>
  state === "COMPLETE" || state === "TRASHED";

/** @throws FlowError `PAYLOAD_REFUSED` for an entry that some store could not take */
export function assertFits(bytes: Uint8Array): void {
  if (bytes.byteLength <= postedBytes) return;
  const problem = `takes ${bytes.byteLength} bytes with all that belongs to it, more than ${postedBytes}`;
  throw new FlowError("PAYLOAD_REFUSED", { path: "job", problem });
}

const unowned = { owner: undefined } as const;

function assertOwner({ id, owner }: Entry, who: string): void {
  if (owner === undefined) throw new FlowError("NOT_FOUND", { what: "owner of job", name: id });
  if (owner !== who) throw new FlowError("NOT_OWNER", { job: id, who, owner });
}

const stateOf = ({ id, state }: Entry, operation: string): FlowError<"INVALID_STATE"> =>
  new FlowError("INVALID_STATE", { flow: id, operation, state });

function text(option: string, value: string, most: number): string {
  if (typeof value === "string") return value.slice(0, most).toWellFormed();
  throw new FlowError("INVALID_OPTION", { option, problem: `is a ${typeof value}` });
}

/** @throws FlowError `PAYLOAD_REFUSED`, `INVALID_OPTION` */
function admitted<Value extends object>(option: string, value: Value): Value {
  if (typeof value === "object" && !Array.isArray(value)) return admit(value, option) as Value;
  const problem = `is ${Array.isArray(value) ? "an array" : `a ${typeof value}`}`;
  throw new FlowError("INVALID_OPTION", { option, problem });
}
