/** A nats-server, and the least that a request and its answer cost over one. */
import { type ChildProcess, spawn } from "node:child_process";
import { resolve } from "node:path";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";
import { createInbox, type NatsConnection } from "nats";
import type { Subject } from "../rates.ts";

export const inFlight = 256;

export const bytes = new TextEncoder().encode(
  JSON.stringify({ flow: "0190a3b4-flow", attempt: 1, inputs: { left: 1, right: 2 } }),
);

/** @param more - what more it is started with */
export async function startServer(
  more: readonly string[] = [],
): Promise<{ child: ChildProcess; url: string }> {
  const finder = resolve(import.meta.dirname, "../../../scripts/nats-server.mjs");
  const { natsServer } = (await import(pathToFileURL(finder).href)) as {
    natsServer: () => Promise<string>;
  };
  const args = ["-a", "127.0.0.1", "-p", "-1", ...more];
  const child = spawn(await natsServer(), args, { stdio: ["ignore", "ignore", "pipe"] });
  let port = "";
  for await (const line of createInterface({ input: child.stderr })) {
    port = /client connections on \S+:(\d+)/.exec(line)?.[1] ?? port;
    if (line.includes("Server is ready")) return { child, url: `nats://127.0.0.1:${port}` };
  }
  throw new Error("the server did not start");
}

/** As well as the client can be used: one inbox, numbers, no timers, bytes as they are. Somebody answers at `bare`. */
export function bareRequests(nats: NatsConnection): () => Promise<unknown> {
  const inbox = createInbox();
  const waiting = new Map<string, (answer: Uint8Array) => void>();
  nats.subscribe(`${inbox}.*`, {
    callback: (_, message) => {
      const id = message.subject.slice(inbox.length + 1);
      waiting.get(id)?.(message.data);
      waiting.delete(id);
    },
  });
  let last = 0;
  return async () =>
    new Promise((answered) => {
      const id = (last++).toString(36);
      waiting.set(id, answered);
      nats.publish("bare", bytes, { reply: `${inbox}.${id}` });
    });
}

/** Keeps that many requests under way until all are answered. */
export const pipelined = (name: string, ask: () => Promise<unknown>): Subject => {
  const units = 8 * inFlight;
  return {
    name,
    units,
    run: async () => {
      let left = units;
      const line = async (): Promise<void> => {
        while (left-- > 0) await ask();
      };
      await Promise.all(Array.from({ length: inFlight }, line));
    },
  };
};
