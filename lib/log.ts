/** Lines for people who look after it: what takes them, and what all of them hold. */
import type { Log, Logger } from "./types.ts";

/** What is told about something: more fields for each line. */
type Fields = Readonly<Record<string, unknown>>;

/** What an option `log` takes, as the function that everything here calls. Default: nothing is logged. */
export function logOf(option: Log | Logger | undefined): Log {
  if (option === undefined) return quiet;
  if (typeof option === "function") return option;
  return (message, fields = {}, level = "info") => {
    option[level](withError(fields), message);
  };
}

const quiet: Log = () => undefined;

/** The log of one flow, one attempt: each line has these fields. What a line itself says goes before them. */
export const about =
  (log: Log, fields: Fields): Log =>
  (message, more, level) => {
    log(message, { ...fields, ...more }, level);
  };

/** Loggers know an error by the key `err`; its code is a field to search for. */
function withError({ error, ...fields }: Fields): Fields {
  if (error === undefined) return fields;
  const code = typeof error === "object" && error !== null && "code" in error && error.code;
  return { ...fields, err: error, ...(typeof code === "string" ? { code } : {}) };
}
