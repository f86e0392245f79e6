/** A way to a server that can be cut, or swallow what goes one way. */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import type { Test } from "tap";
import type { TestServer } from "./server.ts";

export interface Proxy {
  readonly url: string;
  /** Nothing that the server says arrives any more; what is said to it does. Until `cut`. */
  swallow(): void;
  /** Nothing arrives at the server, for now. */
  hold(): void;
  /** What was held arrives, and what comes. */
  release(): void;
  /** Ends the connections there are; new ones are whole again. */
  cut(): void;
}

export async function startProxy(t: Test, server: TestServer): Promise<Proxy> {
  const pairs = new Set<readonly [near: Socket, far: Socket]>();
  let swallows = false;
  let holds = false;
  const listener = createServer((near) => {
    const far = connect(server.port, "127.0.0.1");
    const pair = [near, far] as const;
    pairs.add(pair);
    near.on("data", (data) => far.write(data));
    if (holds) near.pause();
    far.on("data", (data) => {
      if (!swallows) near.write(data);
    });
    for (const end of pair) {
      end.on("error", () => undefined);
      end.on("close", () => {
        pairs.delete(pair);
        near.destroy();
        far.destroy();
      });
    }
  });
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  const cut = (): void => {
    swallows = false;
    for (const [near] of pairs) near.destroy();
  };
  t.teardown(() => {
    listener.close();
    cut();
  });
  return {
    url: `nats://127.0.0.1:${(listener.address() as AddressInfo).port}`,
    swallow: () => {
      swallows = true;
    },
    hold: () => {
      holds = true;
      for (const [near] of pairs) near.pause();
    },
    release: () => {
      holds = false;
      for (const [near] of pairs) near.resume();
    },
    cut,
  };
}
