/** Carries messages between processes and threads: what worker actors, engines and nodes speak through. */

/** Stops serving or listening. */
export type Stop = () => void;

/** What a receiver answers with; what it throws is thrown at whoever asked. */
export type Take = (body: unknown) => unknown;

/**
 * Every implementation passes test/contracts/transport.ts.
 *
 * An address is made by `addressOf`. Bodies are payloads as `lib/codec.ts` has them; the receiver gets a copy.
 * Requests of one sender to one receiver are taken in the order they were sent. A request that fails may have been
 * taken all the same: send it again, and let the receiver know it by what is in it.
 */
export interface Transport extends AsyncDisposable {
  /** The largest body in encoded bytes. */
  readonly maxBytes: number;
  /** False while what it goes through is away. Requests wait meanwhile, within their time and the window. */
  readonly isConnected: boolean;

  /**
   * Asks whoever serves the address.
   *
   * @param timeoutMs - whole milliseconds to wait for the answer; default 5,000
   * @throws FlowError `NO_RECEIVER` when nobody serves it; `NO_ANSWER` in time; `TRANSPORT_FULL` when too many requests
   * wait already; `TRANSPORT_CLOSED`; `PAYLOAD_REFUSED` for a body that is too large; or what the receiver threw
   */
  request(to: string, body: unknown, timeoutMs?: number): Promise<unknown>;

  /**
   * Tells all who listen, at most once each. For what is told again before long.
   *
   * @throws FlowError `PAYLOAD_REFUSED`, `TRANSPORT_CLOSED`
   */
  publish(to: string, body: unknown): void;

  /**
   * Takes requests to an address, from when it resolves. On a transport that serves it already, the newer one takes
   * over.
   */
  serve(at: string, take: Take): Promise<Stop>;

  /** Hears what is published to an address; a last token `*` stands for any one token. */
  listen(to: string, hear: (body: unknown) => void): Promise<Stop>;

  /** Calls the listener when `isConnected` changes. */
  watch(changed: (isConnected: boolean) => void): Stop;
}

/** Milliseconds that a request waits for its answer unless it is told otherwise. */
export const defaultAnswerMs = 5_000;
