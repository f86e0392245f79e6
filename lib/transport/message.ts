/** What goes over a port: the one format of every transport that is a pair of ends. */
import { decode, encode } from "../bytes.ts";
import { FlowError } from "../errors.ts";
import { errorOf, type Failure, failureOf } from "../failure.ts";

export type Message =
  | {
      readonly kind: "request";
      readonly id: number;
      /** Who asked, as the switch calls it; it puts that in. */
      readonly from?: number;
      readonly to: string;
      readonly body: Uint8Array;
    }
  | {
      readonly kind: "answer";
      readonly id: number;
      readonly from?: number;
      readonly answer: Uint8Array;
    }
  | { readonly kind: "publish"; readonly to: string; readonly body: Uint8Array };

/** What an end asks the switch itself. */
export interface Control {
  readonly verb: "serve" | "leave" | "listen" | "ignore";
  readonly at: string;
}

/** The address of the switch: none that `addressOf` makes. */
export const switchAddress = "";

/** One end of a two-way channel in one process, between threads, or between processes. In order, and nothing lost while it is open. */
export interface Port {
  post(message: Message): void;
  /** Called once. `closed` is called once, when the other end is gone. */
  start(take: (message: Message) => void, closed: () => void): void;
  close(): void;
}

/** @throws FlowError `PAYLOAD_REFUSED` */
export function bodyOf(value: unknown, to: string, maxBytes: number): Uint8Array {
  const body = encode(value);
  if (body.byteLength <= maxBytes) return body;
  const problem = `takes ${body.byteLength} bytes, more than the ${maxBytes} that one message may`;
  throw new FlowError("PAYLOAD_REFUSED", { path: `a message to ${to}`, problem });
}

/** An answer or the error instead of it, as bytes. */
export async function answerOf(give: () => unknown, maxBytes: number): Promise<Uint8Array> {
  try {
    return bodyOf({ value: await give() }, "whoever asked", maxBytes);
  } catch (error) {
    return encode({ failure: failureOf(error) });
  }
}

/** The answer of whoever carried a request to where nobody takes it. */
export const nobody: Uint8Array = encode({ nobody: true });

/**
 * What a receiver answered.
 *
 * @param to - the address that was asked, for errors
 * @throws what the receiver threw; FlowError `NO_RECEIVER`; `PAYLOAD_REFUSED` for what is no answer
 */
export function valueOf(answer: Uint8Array, to: string): unknown {
  const parts = partsOf(answer);
  if (parts === undefined) {
    const problem = "is none that a receiver makes";
    throw new FlowError("PAYLOAD_REFUSED", { path: `the answer of ${to}`, problem });
  }
  if (parts.nobody === true) throw new FlowError("NO_RECEIVER", { to });
  if (parts.failure !== undefined) throw errorOf(parts.failure);
  return parts.value;
}

interface Answer {
  readonly value?: unknown;
  readonly failure?: Failure;
  readonly nobody?: unknown;
}

function partsOf(answer: Uint8Array): Answer | undefined {
  let parts: unknown;
  try {
    parts = decode(answer);
  } catch {
    return undefined;
  }
  if (typeof parts !== "object" || parts === null) return undefined;
  const { failure } = parts as { failure?: unknown };
  if (failure !== undefined && !isFailure(failure)) return undefined;
  return parts;
}

function isFailure(value: unknown): value is Failure {
  if (typeof value !== "object" || value === null) return false;
  const { name, message, cause } = value as Record<string, unknown>;
  if (typeof name !== "string" || typeof message !== "string") return false;
  return cause === undefined || isFailure(cause);
}

/** Whether an address is one of those that the pattern means: equal, or equal but for a last `*`. */
export const isMeant = (pattern: string, address: string): boolean =>
  pattern.endsWith(".*")
    ? address.startsWith(pattern.slice(0, -1)) && !address.includes(".", pattern.length - 1)
    : pattern === address;
