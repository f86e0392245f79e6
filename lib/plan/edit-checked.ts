/** An edit that comes from outside: from code without types, a board, a page. */
import { admit } from "../codec.ts";
import { FlowError } from "../errors.ts";
import type { Depth } from "../types.ts";
import { type Edit, editKinds } from "./edit.ts";

/** Characters of a text, and atoms that one edit names. */
const most = { text: 1_000, atoms: 1_000 } as const;

const depths: readonly Depth[] = ["ALL", "FLOW", "NEIGHBORS", "ATOM"];

type Given = Readonly<Record<string, unknown>>;

/**
 * The edit, with nothing else in it.
 *
 * @throws FlowError `INVALID_OPTION` for what is none; `PAYLOAD_REFUSED` for a value that can't be recorded
 */
export function checkedEdit(given: unknown): Edit {
  if (typeof given !== "object" || given === null) throw refused("edit", "is no object");
  const edit = given as Given;
  const kind = editKinds.find((known) => known === edit["kind"]);
  const asked = { ...textIn(edit, "by", true), ...textIn(edit, "reason", true) };
  switch (kind) {
    case "skip":
      return { kind, ...atomIn(edit), ...depthIn(edit), ...asked };
    case "complete":
      return { kind, ...atomIn(edit), value: admit(edit["value"], "value"), ...asked };
    case "fail":
      return { kind, ...atomIn(edit), ...textIn(edit, "message"), ...asked } as Edit;
    case "retryNow":
      return { kind, ...textIn(edit, "retry"), ...asked } as Edit;
    case "retryFrom":
      return { kind, ...atomsIn(edit), ...asked };
    case "park":
      return { kind, ...asked };
    case undefined:
      throw refused("edit", `"${String(edit["kind"])}" is none of ${editKinds.join(", ")}`);
  }
}

const refused = (option: string, problem: string): FlowError<"INVALID_OPTION"> =>
  new FlowError("INVALID_OPTION", { option, problem });

function textIn(edit: Given, name: string, isOptional = false): Readonly<Record<string, string>> {
  const text = edit[name];
  if (text === undefined && isOptional) return {};
  if (typeof text !== "string") throw refused(`edit.${name}`, `is a ${typeof text}`);
  if (text.length > most.text) {
    throw refused(`edit.${name}`, `is longer than ${most.text} characters`);
  }
  return { [name]: text.toWellFormed() };
}

function atomIn(edit: Given): { readonly atom: string } {
  const { atom = "" } = textIn(edit, "atom");
  return { atom };
}

function atomsIn({ atoms }: Given): { readonly atoms: readonly string[] } {
  const isList = Array.isArray(atoms) && atoms.every((atom) => typeof atom === "string");
  if (!isList) throw refused("edit.atoms", "is no list of atoms");
  const names = atoms as readonly string[];
  if (names.length <= most.atoms) return { atoms: [...names] };
  throw refused("edit.atoms", `names more than ${most.atoms} atoms`);
}

function depthIn({ depth }: Given): { readonly depth?: Depth } {
  if (depth === undefined) return {};
  const known = depths.find((one) => one === depth);
  if (known === undefined) {
    throw refused("edit.depth", `is none of ${depths.join(", ")}`);
  }
  return { depth: known };
}
