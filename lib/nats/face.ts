/**
 * What users see of a transport over NATS. Apart from the rest, so that their compilers need not read the client's
 * declarations.
 */
import type { Stop, Transport } from "../transport/transport.ts";
import type { Service } from "./discovery.ts";

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
