/** Commands of the command line, as sentences name them. */
import { quoted } from "../text.ts";

/** @param place - what it needs to mean the place where the flow is, with a space before; empty: nothing */
export const commandText = (verb: string, id: string, place: string): string =>
  `fourstroke ${verb} ${quoted(id)}${place}`;
