/** A NATS server of its own, for journals. */
import { mkdtemp } from "node:fs/promises";
import { join } from "node:path";
import { connectNats } from "../../lib/nats/connect.ts";
import type { NatsTransport } from "../../lib/nats/face.ts";
import { noServer, TestServer } from "../nats/server.ts";

export class Store implements AsyncDisposable {
  readonly transport: NatsTransport;
  readonly #server: TestServer;

  private constructor(server: TestServer, transport: NatsTransport) {
    this.#server = server;
    this.transport = transport;
  }

  /** @param folder - somebody else removes it */
  static async start(folder: string): Promise<Store> {
    if (noServer !== false) throw new Error(noServer);
    const server = new TestServer(await mkdtemp(join(folder, "store-")), {});
    await server.start();
    return new Store(server, await connectNats({ servers: server.url }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.transport[Symbol.asyncDispose]();
    await this.#server.stop();
  }
}
