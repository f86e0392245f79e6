/**
 * What users see of a transport over NATS. Apart from the rest, so that their compilers need not read the client's
 * declarations.
 */
import type { Stop, Transport } from "../transport/transport.ts";

/** What went wrong beside the requests and can be told to nobody. */
export interface Counts {
  /** Published while the connection was away. */
  unsent: number;
  /** Answers that nobody waits for any more. */
  late: number;
  /** Messages that are none of ours, or damaged. */
  refused: number;
  /** Answers that could not be sent, and functions that listen and throw. */
  failed: number;
}

/** What is shown. Names and ids take letters, digits, `_` and `-`; see `plainName`. */
export interface Service {
  /** The same for all that are of one kind. */
  readonly name: string;
  /** Of this one alone. */
  readonly id: string;
  /** A semantic version. */
  readonly version: string;
  readonly description: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly endpoints: readonly Endpoint[];
}

export interface Endpoint {
  readonly name: string;
  readonly subject: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly counts: EndpointCounts;
}

/** What an endpoint has done; read anew for each request. */
export interface EndpointCounts {
  readonly requests: number;
  readonly errors: number;
  /** The last one's message; empty: there was none. */
  readonly lastError: string;
  /** Milliseconds in all. */
  readonly ms: number;
}

/** A connection to NATS that stays, as a transport. */
export interface NatsTransport extends Transport {
  /** What went wrong beside the requests. */
  readonly counts: Readonly<Counts>;

  /** Calls the function when it is closed for good, with why, if that was not asked for. */
  onClosed(hear: (problem: string) => void): void;

  /**
   * Shows a service to `nats micro` and others that look for some.
   *
   * @throws FlowError `FORBIDDEN`, `TRANSPORT_CLOSED`
   */
  announce(service: Service): Promise<Stop>;
}
