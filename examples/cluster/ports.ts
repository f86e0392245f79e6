/**
 * Ports for servers that must know them before they start, or come back at the same one: nobody
 * else is given them while this process lives.
 *
 * "Listen at any port, close, and use that one" isn't safe: until the server listens there, and
 * while it is restarted, any other process may get it.
 */
import { once } from "node:events";
import { createServer, type Server } from "node:net";

// Below those that a system itself gives out (from 32768 on Linux, from 49152 elsewhere).
const lowest = 20_000;
const perBlock = 32;
const blocks = 375;

const left: number[] = [];
let tried = 0;

/** @returns ports of the loopback, each given once; nobody listens there now */
export async function reservePorts(count: number): Promise<number[]> {
  const ports: number[] = [];
  while (ports.length < count) {
    const port = left.shift();
    if (port === undefined) await takeBlock();
    // What a dead process started may still be there.
    else if (await isFree(port)) ports.push(port);
  }
  return ports;
}

/**
 * Makes a block of ports this process's own: whoever listens at the first port has the others, and
 * the system lets go of it however the process ends.
 */
async function takeBlock(): Promise<void> {
  while (tried < blocks) {
    const start = lowest + ((process.pid + tried++) % blocks) * perBlock;
    const holder = await listen(start);
    if (holder === undefined) continue;
    holder.unref();
    left.push(...Array.from({ length: perBlock - 1 }, (_, at) => start + 1 + at));
    return;
  }
  throw new Error(`no ports are left from ${lowest} to ${lowest + blocks * perBlock - 1}`);
}

async function isFree(port: number): Promise<boolean> {
  const server = await listen(port);
  if (server === undefined) return false;
  server.close();
  await once(server, "close");
  return true;
}

/** @returns undefined if that port can't be had */
async function listen(port: number): Promise<Server | undefined> {
  const server = createServer().listen(port, "127.0.0.1");
  const listens = once(server, "listening");
  return listens.then(
    () => server,
    () => undefined,
  );
}
