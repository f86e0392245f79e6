/** The least that messages in a stream cost: the bare client, each message fenced, one under way for each subject. */
import { connect, createInbox, headers, type NatsConnection } from "nats";

const body = new Uint8Array(150);

export interface BareStream {
  /** Messages one after the other, each awaited, on a subject of their own. */
  chain(count: number): Promise<void>;
  /** The same messages of all who wait in one: a single log with group commit. */
  grouped(count: number): Promise<void>;
  close(): Promise<void>;
}

export async function openStream(servers: string[], replicas: number): Promise<BareStream> {
  const nats: NatsConnection = await connect({ servers, noAsyncTraces: true });
  const manager = await nats.jetstreamManager({ checkAPI: false });
  const config = { name: "bare", subjects: ["bare.>"], num_replicas: replicas };
  // Until a cluster that has just been started has a leader.
  for (let isThere = false; !isThere; ) {
    isThere = await manager.streams.add(config).then(
      () => true,
      () => false,
    );
  }
  const inbox = createInbox();
  const waiting = new Map<string, (sequence: number) => void>();
  nats.subscribe(`${inbox}.*`, {
    callback: (_, message) => {
      const id = message.subject.slice(inbox.length + 1);
      waiting.get(id)?.(Number(message.json<{ seq: number }>().seq));
      waiting.delete(id);
    },
  });
  let flows = 0;
  let last = 0;
  const publish = async (subject: string, bytes: Uint8Array, sequence: number): Promise<number> =>
    new Promise((stored) => {
      const id = (last++).toString(36);
      waiting.set(id, stored);
      const fence = headers();
      fence.set("Nats-Expected-Last-Subject-Sequence", String(sequence));
      nats.publish(subject, bytes, { reply: `${inbox}.${id}`, headers: fence });
    });

  let sequence = 0;
  let joined = 0;
  let group: Promise<void> | undefined;
  let inFlight: Promise<unknown> = Promise.resolve();
  const join = (): Promise<void> => {
    joined++;
    group ??= inFlight.then(async () => {
      const bytes = new Uint8Array(joined * body.length);
      joined = 0;
      group = undefined;
      const stored = publish("bare.log", bytes, sequence);
      inFlight = stored;
      sequence = await stored;
    });
    return group;
  };
  return {
    async chain(count) {
      const subject = `bare.${flows++}`;
      let before = 0;
      for (let at = 0; at < count; at++) before = await publish(subject, body, before);
    },
    async grouped(count) {
      for (let at = 0; at < count; at++) await join();
    },
    close: () => nats.close(),
  };
}
