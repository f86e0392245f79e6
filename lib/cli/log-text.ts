/** What is logged, as text for people. */
import { jsonable } from "../jsonable.ts";

type Fields = Readonly<Record<string, unknown>>;

/** What a line of an attempt is about. */
const place = ["flow", "atom", "direction", "attempt"] as const;

/** The fields that say something which the message does not. */
export function tellingFields(message: string, { error, ...rest }: Fields): Fields {
  const isTold = error === undefined || (error instanceof Error && message.includes(error.message));
  return isTold ? rest : { ...rest, error };
}

/** For whoever watches one flow: what ran is plain to see. */
export function withoutPlace(fields: Fields): Fields {
  if (!place.every((name) => Object.hasOwn(fields, name))) return fields;
  const { flow: _flow, atom: _atom, direction: _direction, attempt: _attempt, ...rest } = fields;
  return rest;
}

/** Fields behind a message; nothing where there are none. */
export const fieldsText = (fields: Fields): string =>
  Object.keys(fields).length === 0 ? "" : ` ${JSON.stringify(jsonable(fields))}`;
