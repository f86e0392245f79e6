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
  | { readonly kind: "answer"; readonly id: number; readonly from?: number; readonly answer: Uint8Array }
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

/** @throws what the receiver threw */
export function valueOf(answer: Uint8Array): unknown {
  const { value, failure } = decode(answer) as { value?: unknown; failure?: Failure };
  if (failure !== undefined) throw errorOf(failure);
  return value;
}

/** Whether an address is one of those that the pattern means: equal, or equal but for a last `*`. */
export const isMeant = (pattern: string, address: string): boolean =>
  pattern.endsWith(".*")
    ? address.startsWith(pattern.slice(0, -1)) && !address.includes(".", pattern.length - 1)
    : pattern === address;
