/** A nats-server, and the least that a request and its answer cost over one. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";
import { createInbox, type NatsConnection } from "nats";
import { reservePorts } from "../../examples/cluster/ports.ts";
import type { Subject } from "../rates.ts";

export const inFlight = 256;

export const bytes = new TextEncoder().encode(
  JSON.stringify({ flow: "0190a3b4-flow", attempt: 1, inputs: { left: 1, right: 2 } }),
);

async function find(): Promise<string> {
  const finder = resolve(import.meta.dirname, "../../../scripts/nats-server.mjs");
  const { natsServer } = (await import(pathToFileURL(finder).href)) as {
    natsServer: () => Promise<string>;
  };
  return natsServer();
}

/** @param more - what more it is started with */
export async function startServer(
  more: readonly string[] = [],
): Promise<{ child: ChildProcess; url: string }> {
  const args = ["-a", "127.0.0.1", "-p", "-1", ...more];
  const child = spawn(await find(), args, { stdio: ["ignore", "ignore", "pipe"] });
  let port = "";
  for await (const line of createInterface({ input: child.stderr })) {
    port = /client connections on \S+:(\d+)/.exec(line)?.[1] ?? port;
    if (!line.includes("Server is ready")) continue;
    child.stderr.resume(); // a full pipe would stop it
    return { child, url: `nats://127.0.0.1:${port}` };
  }
  throw new Error("the server did not start");
}

/** One server with JetStream, or a cluster of them. @param folder - where their stores go */
export async function startServers(
  folder: string,
  count: number,
  sync: "default" | "always",
): Promise<{ readonly urls: string[]; readonly stop: () => Promise<void> }> {
  const ports = await reservePorts(count);
  const routes = ports.map((port) => `"nats://127.0.0.1:${port}"`).join(", ");
  const servers = await Promise.all(
    ports.map(async (port, n) => {
      const config = join(folder, `${n}.conf`);
      const store = JSON.stringify(join(folder, String(n)));
      const cluster = `cluster { name: bench, listen: "127.0.0.1:${port}", routes: [${routes}] }\n`;
      writeFileSync(
        config,
        `server_name: "bench-${n}"\n` +
          `jetstream { store_dir: ${store}${sync === "always" ? ", sync_interval: always" : ""} }\n` +
          (count > 1 ? cluster : ""),
      );
      return startServer(["-c", config]);
    }),
  );
  return {
    urls: servers.map(({ url }) => url),
    stop: async () => {
      const gone = servers.map(({ child }) => once(child, "exit"));
      for (const { child } of servers) child.kill("SIGKILL");
      await Promise.all(gone);
    },
  };
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
