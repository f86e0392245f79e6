/** Trying again while servers elect a leader or come back, and saying in the board's words what went wrong at last. */
import type { Clock } from "../clock.ts";
import { FlowError } from "../errors.ts";
import { isRefused, jetStreamErrors } from "./jetstream.ts";

/** Milliseconds until what failed is tried again, and that one answer may take. */
const pauseMs = 100;
const answerMs = 2_000;

/** Whole milliseconds that an answer may take now. */
export type Left = () => number;

/** The server's numbers for more replicas than there are servers: known by now, and ever. */
const noPeers = 10005;
const oneServerAlone = 10074;

/** Thrown where the answers contradict each other: a server that answers is behind the others. */
export const unsettled = new FlowError("BOARD_UNAVAILABLE", {
  problem: "the server that answers does not know what others acknowledged",
});

/**
 * Does it, again while there is hope.
 *
 * @param withinMs - milliseconds in all
 * @throws FlowError `BOARD_UNAVAILABLE`, `BOARD_FULL`, or what stays the same however often it is tried
 */
export async function patiently<Result>(
  clock: Clock,
  withinMs: number,
  work: (left: Left) => Promise<Result>,
): Promise<Result> {
  const endsAt = clock.monotonic() + withinMs;
  const left = (): number => Math.ceil(Math.max(1, Math.min(answerMs, endsAt - clock.monotonic())));
  for (;;) {
    try {
      return await work(left);
    } catch (error) {
      if (!isPassing(error) || clock.monotonic() + pauseMs >= endsAt) throw translated(error);
    }
    await new Promise<void>((resolve) => {
      clock.setTimeout(resolve, pauseMs);
    });
  }
}

function isPassing(error: unknown): boolean {
  if (error === unsettled) return true;
  if (FlowError.is(error, "JETSTREAM_REFUSED")) {
    const { status, errCode } = error.about;
    const isFinal = errCode === oneServerAlone || jetStreamErrors.full.includes(errCode);
    return errCode === noPeers || (status >= 500 && !isFinal);
  }
  return (
    FlowError.is(error, "JETSTREAM_UNAVAILABLE") ||
    FlowError.is(error, "NO_ANSWER") ||
    FlowError.is(error, "TRANSPORT_FULL")
  );
}

/** The error for whoever uses the board. */
export function translated(error: unknown): Error {
  if (!(error instanceof FlowError)) return error as Error;
  const about = { problem: error.message };
  switch ((error as FlowError).code) {
    case "JETSTREAM_REFUSED":
      return isRefused(error, ...jetStreamErrors.full)
        ? new FlowError("BOARD_FULL", about, { cause: error })
        : new FlowError("BOARD_UNAVAILABLE", about, { cause: error });
    case "JETSTREAM_UNAVAILABLE":
    case "NO_ANSWER":
    case "TRANSPORT_FULL":
    case "TRANSPORT_CLOSED":
      return new FlowError("BOARD_UNAVAILABLE", about, { cause: error });
    default:
      return error;
  }
}
