/** A recorded error: data that crosses the journal and the wire, and can be raised again. */

/** What is kept of an error. */
export interface Failure {
  readonly name: string;
  readonly message: string;
  readonly stack?: string;
  readonly code?: string;
  readonly cause?: Failure;
}

/** How many causes of causes are kept, and how many characters of a message and of a stack. */
const limits = { causes: 8, text: 8_192 } as const;

// Half a surrogate pair, which a cut may leave, would be another text once it was read back.
const cut = (text: string): string =>
  (text.length <= limits.text ? text : `${text.slice(0, limits.text)}…`).toWellFormed();

/**
 * Records anything that was thrown.
 *
 * Never throws itself, whatever was thrown: getters that throw count as absent.
 */
export function failureOf(thrown: unknown): Failure {
  const failure = recorded(thrown, 0);
  if (thrown instanceof Error) originals.set(failure, thrown);
  return failure;
}

// While the process lives, what was recorded can be raised as what it was.
const originals = new WeakMap<Failure, Error>();

/** The error to raise for a record: the one it was made of if that is still alive, else one rebuilt from it. */
export function errorOf(failure: Failure): Error {
  return originals.get(failure) ?? new RecordedError(failure);
}

function recorded(thrown: unknown, depth: number): Failure {
  if (!(thrown instanceof Error)) return { name: "Error", message: cut(describe(thrown)) };
  try {
    const { code } = thrown as { code?: unknown };
    const cause: unknown = thrown.cause;
    return {
      name: nameOf(thrown),
      message: cut(String(thrown.message)),
      ...(typeof thrown.stack === "string" ? { stack: cut(thrown.stack) } : {}),
      ...(typeof code === "string" || typeof code === "number" ? { code: String(code) } : {}),
      ...(cause === undefined || depth >= limits.causes
        ? {}
        : { cause: recorded(cause, depth + 1) }),
    };
  } catch {
    return { name: "Error", message: "an error that can't be read" };
  }
}

// A subclass that doesn't set `name` inherits "Error"; its constructor says what it is.
function nameOf(error: Error): string {
  const own = String(error.name);
  return own === "Error" ? error.constructor.name || own : own;
}

function describe(thrown: unknown): string {
  try {
    return typeof thrown === "string" ? thrown : `thrown: ${String(thrown)}`;
  } catch {
    return "thrown: a value that can't be read";
  }
}

/** An error rebuilt from its record: name, message, stack, code and cause are those of the original. */
export class RecordedError extends Error {
  readonly code?: string;

  constructor(failure: Failure) {
    super(
      failure.message,
      failure.cause === undefined ? undefined : { cause: new RecordedError(failure.cause) },
    );
    this.name = failure.name;
    if (failure.stack !== undefined) this.stack = failure.stack;
    if (failure.code !== undefined) this.code = failure.code;
  }
}
