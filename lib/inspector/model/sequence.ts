/** Who said what to whom, and when: a flow's records as messages between lifelines. */
import type { Blueprint } from "../../compile/blueprint.ts";
import type { AttemptName, FlowRecord } from "../../plan/records.ts";
import type { Entry } from "./player.ts";
import { duration } from "../../text.ts";
import { line } from "./words.ts";

export type LifelineKind = "outside" | "owner" | "flow" | "task" | "retry" | "others";

export interface Lifeline {
  /** What messages name it by: its kind and its name. */
  readonly id: string;
  readonly kind: LifelineKind;
  readonly name: string;
}

export interface Message {
  /** Of the record that tells of it; a record can tell of several. */
  readonly sequence: number;
  readonly at: number;
  readonly from: string;
  /** The same as `from`: it notes something by itself. */
  readonly to: string;
  readonly label: string;
  readonly tone: "call" | "done" | "bad" | "undo" | "ask" | "note";
  /** It did not arrive, or was taken back. */
  readonly isLost: boolean;
}

const outside = "outside";
const flowLine = "flow";
const ownerLine = (owner: string): string => `owner ${owner}`;
const atomLine = (name: string): string => `atom ${name}`;

/** The atom of a lifeline; undefined: it is none's. */
export const atomOf = (id: string): string | undefined =>
  id.startsWith("atom ") ? id.slice(5) : undefined;

export interface Conversation {
  /** In the order of the journal. */
  readonly messages: readonly Message[];
  /** Lifelines that speak or are spoken to, in the order in which they first do. */
  readonly owners: readonly string[];
  readonly atoms: ReadonlySet<string>;
}

/** All that is said in a journal. */
export function conversationOf(entries: readonly Entry[]): Conversation {
  const telling = new Telling();
  for (const entry of entries) telling.take(entry);
  const { messages, owners, atoms } = telling;
  return { messages, owners: [...owners], atoms };
}

type Words = Pick<Message, "label" | "tone"> & { readonly isLost?: boolean };

class Telling {
  readonly messages: Message[] = [];
  readonly owners = new Set<string>();
  readonly atoms = new Set<string>();
  #blueprint: Blueprint | undefined;
  #owner = ownerLine("");
  #at: Pick<Message, "sequence" | "at"> = { sequence: 0, at: 0 };

  take({ record, sequence, at }: Entry): void {
    this.#at = { sequence, at };
    if ("blueprint" in record) this.#blueprint = record.blueprint;
    if (record.kind === "adopted") this.owners.add((this.#owner = ownerLine(record.owner)));
    this.#tell(record);
    if (!("withdraws" in record)) return;
    for (const attempt of record.withdraws) {
      const label = `take back ${numbered(attempt)}`;
      this.#say(flowLine, this.#atom(attempt.atom), { label, tone: "undo", isLost: true });
    }
  }

  #tell(record: FlowRecord): void {
    switch (record.kind) {
      case "started":
        this.#say(flowLine, this.#atom(record.atom), {
          label: numbered(record),
          tone: record.direction === "revert" ? "undo" : "call",
        });
        return;
      case "executed":
      case "reverted":
        this.#outcome(record);
        return;
      case "logged":
        this.#say(this.#atom(record.atom), flowLine, {
          label: `${record.level}: ${record.message}`,
          tone: "note",
        });
        return;
      case "lost":
        this.#say(this.#atom(record.atom), flowLine, {
          label: `lost ${numbered(record)}: ${record.reason}`,
          tone: "bad",
          isLost: true,
        });
        return;
      case "progress":
        this.#say(this.#atom(record.atom), flowLine, {
          label: `${Math.round(record.fraction * 100)} %`,
          tone: "note",
        });
        return;
      case "retryDecided": {
        // It is asked as soon as the failure is there; the journal keeps what it says.
        const retry = this.#atom(record.retry);
        this.#say(flowLine, retry, { label: `"${this.#name(record.atom)}" failed`, tone: "ask" });
        const wait = (record.delayMs ?? 0) > 0 ? ` in ${duration(record.delayMs ?? 0)}` : "";
        this.#say(retry, flowLine, { label: `${record.verdict}${wait}`, tone: "ask" });
        return;
      }
      case "timerFired":
        this.#say(this.#atom(record.retry), flowLine, { label: "the wait is over", tone: "ask" });
        return;
      case "decided":
        this.#say(this.#atom(record.atom), flowLine, {
          label: record.runs ? "decided: runs" : `decided: ignored, depth ${record.depth ?? "ALL"}`,
          tone: record.failure === undefined ? "ask" : "bad",
        });
        return;
      default:
        this.#ofFlow(record);
    }
  }

  /** What is no atom's. */
  #ofFlow(record: FlowRecord): void {
    switch (record.kind) {
      case "adopted":
        this.#say(this.#owner, flowLine, { label: `adopts, epoch ${record.epoch}`, tone: "call" });
        return;
      case "created":
        this.#say(outside, flowLine, { label: "begin", tone: "call" });
        return;
      case "migrated":
        this.#say(this.#owner, flowLine, { label: "alter", tone: "call" });
        return;
      case "edited": {
        const names = record.atoms.map((atom) => this.#name(atom)).join(", ");
        this.#say(outside, flowLine, { label: `${record.edit} ${names}`, tone: "ask" });
        return;
      }
      case "cancel":
      case "kill": {
        const label = record.reason === "" ? record.kind : `${record.kind}: ${record.reason}`;
        this.#say(outside, flowLine, { label, tone: "bad" });
        return;
      }
      case "parked":
        this.#say(flowLine, outside, { label: `parked: ${record.reason}`, tone: "bad" });
        return;
      case "ended":
        this.#say(flowLine, outside, {
          label: record.state,
          tone: record.state === "SUCCESS" ? "done" : "bad",
        });
        return;
      default:
        this.#say(outside, flowLine, { label: record.kind, tone: "note" });
    }
  }

  #outcome(record: Extract<FlowRecord, { readonly kind: "executed" | "reverted" }>): void {
    const { failure, value, attempt } = record;
    const atom = this.#atom(record.atom);
    if (failure !== undefined) {
      const label = `${failure.name}: ${failure.message}`;
      this.#say(atom, flowLine, { label, tone: "bad" });
      return;
    }
    const isUndone = record.kind === "reverted";
    const what = value === undefined ? "" : `: ${line(value)}`;
    const label = `${isUndone ? "undone" : "done"} #${attempt}${what}`;
    this.#say(atom, flowLine, { label, tone: isUndone ? "undo" : "done" });
  }

  #say(from: string, to: string, { label, tone, isLost = false }: Words): void {
    this.messages.push({ ...this.#at, from, to, label, tone, isLost });
  }

  #name(atom: number): string {
    return this.#blueprint?.atoms[atom]?.name ?? String(atom);
  }

  #atom(atom: number): string {
    const id = atomLine(this.#name(atom));
    this.atoms.add(id);
    return id;
  }
}

const numbered = ({ direction, attempt }: AttemptName): string =>
  direction === "revert" ? `undo #${attempt}` : `#${attempt}`;

/** The lifelines that are drawn, and which of them each message's ends are at. */
export interface Lifelines {
  readonly lines: readonly Lifeline[];
  /** The place of a lifeline in `lines`: that of `others` for one that is not drawn. */
  readonly placeOf: (id: string) => number;
  /** Atoms that share the last lifeline. */
  readonly folded: number;
}

/**
 * Chooses what is drawn: the outside, the owners, the flow, and of the atoms those that speak nearest to a moment, the
 * selected one in any case. All the others share one lifeline.
 *
 * @param place - of the message that the moment is at
 * @param most - atoms that get a lifeline of their own
 */
export function lifelinesOf(
  { messages, owners, atoms }: Conversation,
  blueprint: Blueprint,
  wanted: { readonly place: number; readonly most: number; readonly selected: string },
): Lifelines {
  const { place, most, selected } = wanted;
  const shown = nearest(messages, place, Math.min(most, atoms.size), atomLine(selected), atoms);
  const ofBlueprint = new Map(blueprint.atoms.map(({ name }, at) => [atomLine(name), at]));
  const order = (id: string): number => ofBlueprint.get(id) ?? Infinity;
  const ordered = [...shown].sort((one, other) => order(one) - order(other));
  const latest = owners.slice(-mostOwners);
  const earlier = owners.length - latest.length;
  const lines: Lifeline[] = [
    { id: outside, kind: "outside", name: "outside" },
    ...(earlier === 0
      ? []
      : [{ id: "earlier", kind: "owner", name: `${earlier} earlier` } as const]),
    ...latest.map((id): Lifeline => ({ id, kind: "owner", name: id.slice(6) })),
    { id: flowLine, kind: "flow", name: blueprint.flow },
    ...ordered.map((id): Lifeline => {
      const kind = blueprint.atoms[order(id)]?.kind ?? "task";
      return { id, kind, name: atomOf(id) ?? id };
    }),
  ];
  const folded = atoms.size - shown.size;
  if (folded > 0) lines.push({ id: "others", kind: "others", name: `${folded} more` });
  const places = new Map(lines.map(({ id }, at) => [id, at]));
  const placeOf = (id: string): number =>
    places.get(id) ?? places.get(id.startsWith("owner ") ? "earlier" : "others") ?? 0;
  return { lines, placeOf, folded };
}

/** Owners that have a lifeline of their own: the last ones. */
const mostOwners = 3;

/** Atoms, from a place outwards. */
function nearest(
  messages: readonly Message[],
  place: number,
  most: number,
  selected: string,
  atoms: ReadonlySet<string>,
): ReadonlySet<string> {
  const found = new Set<string>(atoms.has(selected) && most > 0 ? [selected] : []);
  const take = (message: Message | undefined): void => {
    for (const id of message === undefined ? [] : [message.from, message.to]) {
      if (found.size < most && atoms.has(id)) found.add(id);
    }
  };
  for (let away = 0; found.size < most && away < messages.length; away++) {
    take(messages[place - away]);
    take(messages[place + away]);
  }
  return found;
}
