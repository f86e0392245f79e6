/**
 * Answers `$SRV` requests as NATS's micro protocol has them, so that `nats micro ls`, `info` and `stats` show nodes with
 * their tasks. For people only: nothing is decided by it.
 */
import type { Clock } from "../clock.ts";
import type { Failure } from "../failure.ts";
import type { Stop } from "../transport/transport.ts";
import type { Connection, Subscribed } from "./connection.ts";
import type { Endpoint, EndpointCounts, Service } from "./face.ts";

const verbs = ["PING", "INFO", "STATS"] as const;

/** Bytes of JSON that endpoints may take together: a server takes 1 MiB in one message. */
const endpointBytes = 256 * 1024;

/** Where the NATS command line and clients wait for answers. Elsewhere ours would go with our permissions. */
const inboxes = /^_INBOX\.[A-Za-z0-9_.-]+$/;

/** A name as services may have it: what else there is in it becomes `_`. */
export const plainName = (name: string): string => name.replace(/[^A-Za-z0-9_-]/g, "_") || "_";

/**
 * Answers for a service from when it resolves. The server asks nothing: who may look is a matter of its permissions.
 *
 * @throws FlowError `FORBIDDEN`, `TRANSPORT_CLOSED`
 */
export async function announce(
  connection: Connection,
  clock: Clock,
  service: Service,
): Promise<Stop> {
  const started = new Date(clock.now()).toISOString();
  const { name, id } = service;
  const subscriptions: Subscribed[] = [];
  for (const verb of verbs) {
    for (const whom of ["", `.${name}`, `.${name}.${id}`]) {
      const subscribed = connection.subscribe(`$SRV.${verb}${whom}`, (_, reply) => {
        if (!inboxes.test(reply)) return;
        const body = JSON.stringify(answerTo(verb, service, started));
        connection.tell(reply, Buffer.from(body));
      });
      subscriptions.push(subscribed);
    }
  }
  const stop = (): void => {
    for (const subscribed of subscriptions) subscribed.stop();
  };
  await connection.settled();
  const denied = subscriptions.find((subscribed) => subscribed.denied !== undefined);
  if (denied?.denied === undefined) return stop;
  stop();
  throw denied.denied;
}

function answerTo(verb: (typeof verbs)[number], service: Service, started: string): object {
  const { name, id, version, metadata, description, endpoints } = service;
  const common = { name, id, version, metadata };
  switch (verb) {
    case "PING":
      return { type: "io.nats.micro.v1.ping_response", ...common };
    case "INFO":
      return {
        type: "io.nats.micro.v1.info_response",
        ...common,
        description,
        endpoints: fitting(endpoints.map(infoOf)),
      };
    case "STATS":
      return {
        type: "io.nats.micro.v1.stats_response",
        ...common,
        started,
        endpoints: fitting(endpoints.map(statsOf)),
      };
  }
}

const infoOf = ({ name, subject, metadata }: Endpoint): object => ({
  name,
  subject,
  queue_group: "",
  metadata,
});

function statsOf({ name, subject, counts }: Endpoint): object {
  const { requests, errors, lastError, ms } = counts;
  const processing = Math.round(ms * 1e6);
  return {
    name,
    subject,
    queue_group: "",
    num_requests: requests,
    num_errors: errors,
    last_error: lastError,
    processing_time: processing,
    average_processing_time: requests === 0 ? 0 : Math.round(processing / requests),
  };
}

/** As many as go in one message. */
function fitting(endpoints: readonly object[]): readonly object[] {
  let room = endpointBytes;
  const last = endpoints.findIndex((endpoint) => {
    room -= Buffer.byteLength(JSON.stringify(endpoint));
    return room < 0;
  });
  return last < 0 ? endpoints : endpoints.slice(0, last);
}

/** Counts what becomes of attempts. */
export class Tally implements EndpointCounts {
  requests = 0;
  errors = 0;
  lastError = "";
  ms = 0;

  add(ms: number, failure: Failure | undefined): void {
    this.requests++;
    this.ms += ms;
    if (failure === undefined) return;
    this.errors++;
    this.lastError = failure.message.slice(0, longestError).toWellFormed();
  }
}

/** Characters of an error's message that are shown. */
const longestError = 200;
