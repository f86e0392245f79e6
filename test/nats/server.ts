/** Real nats-servers for tests: each on its own ports of the loopback, gone when its test ends. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import type { Test } from "tap";
import { reservePorts } from "../../examples/cluster/ports.ts";

interface Finder {
  natsServer(): Promise<string>;
}

const finder = resolve(import.meta.dirname, "../../../scripts/nats-server.mjs");

/** The path of a server, or why there is none. */
const found = await import(pathToFileURL(finder).href)
  .then(async (it: Finder) => ({ path: await it.natsServer(), missing: false as const }))
  .catch((error: unknown) => ({ path: "", missing: String(error) }));

/** Why tests that need a server are skipped, if they are. */
export const noServer: string | false = found.missing;

/** A test that is torn down by force tears its servers down too. */
const running = new Set<ChildProcess>();
process.once("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

const limitMs = 20_000;

/** Asks again and again until it is so. */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  withinMs = limitMs,
): Promise<void> {
  const giveUpAt = performance.now() + withinMs;
  while (!(await condition())) {
    if (performance.now() > giveUpAt) throw new Error(`it did not come to this: ${what}`);
    await delay(5);
  }
}

export interface ServerOptions {
  readonly name?: string;
  /** Lines of a configuration, beside ports and store. */
  readonly config?: string;
  /** What the configuration takes from the environment. */
  readonly env?: Readonly<Record<string, string>>;
}

export class TestServer {
  readonly #folder: string;
  readonly #options: ServerOptions;
  #config: string;
  #child: ChildProcess | undefined;
  #port = 0;
  #monitor = -1;

  constructor(folder: string, options: ServerOptions) {
    this.#folder = folder;
    this.#options = options;
    this.#config = options.config ?? "";
  }

  /** The same after a restart. */
  get url(): string {
    return `nats://127.0.0.1:${this.#port}`;
  }

  get port(): number {
    return this.#port;
  }

  /** Another configuration, from the next start on. */
  configure(config: string): void {
    this.#config = config;
  }

  /** Resolves when it takes connections. */
  async start(): Promise<void> {
    const config = join(this.#folder, "server.conf");
    await writeFile(config, this.#config);
    const store = join(this.#folder, "store");
    if (this.#port === 0) [this.#port = 0] = await reservePorts(1);
    const args = ["-c", config, "-a", "127.0.0.1"];
    if (!/^jetstream/m.test(this.#config)) args.push("-js", "-sd", store);
    args.push("-n", this.#options.name ?? "test", "-p", String(this.#port), "-m", "-1");
    const env = { ...process.env, ...this.#options.env };
    const child = spawn(found.path, args, { env, stdio: ["ignore", "ignore", "pipe"] });
    this.#child = child;
    running.add(child);
    const said: string[] = [];
    for await (const line of createInterface({ input: child.stderr })) {
      said.push(line);
      this.#monitor = Number(/http monitor on \S+:(\d+)/.exec(line)?.[1] ?? this.#monitor);
      if (line.includes("Server is ready")) {
        child.stderr.resume(); // a full pipe would stop it
        return;
      }
    }
    throw new Error(`the server did not start:\n${said.join("\n")}`);
  }

  /** Resolves when it is gone. */
  async stop(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    running.delete(child);
    const exited = once(child, "exit");
    child.kill(signal);
    await exited;
  }

  /** Removes what it stored; it is stopped. */
  async forget(): Promise<void> {
    await rm(join(this.#folder, "store"), { recursive: true, force: true });
  }

  /** Stops and continues the whole process. */
  signal(signal: "SIGSTOP" | "SIGCONT"): void {
    this.#child?.kill(signal);
  }

  /** What its monitoring says at a path such as `/routez`. */
  async monitor(path: string): Promise<Record<string, unknown>> {
    const answer = await fetch(`http://127.0.0.1:${this.#monitor}${path}`);
    return (await answer.json()) as Record<string, unknown>;
  }
}

async function prepare(t: Test, options: ServerOptions): Promise<TestServer> {
  const folder = await mkdtemp(join(tmpdir(), "fourstroke-nats-"));
  const server = new TestServer(folder, options);
  t.teardown(async () => {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  });
  return server;
}

export async function startServer(t: Test, options: ServerOptions = {}): Promise<TestServer> {
  const server = await prepare(t, options);
  await server.start();
  return server;
}

/** Three servers that know each other. */
export async function startCluster(t: Test): Promise<readonly TestServer[]> {
  const ports = await reservePorts(3);
  const routes = ports.map((port) => `nats://127.0.0.1:${port}`).join(", ");
  const servers = await Promise.all(
    ports.map(async (port, index) => {
      const listen = `listen: "127.0.0.1:${port}"`;
      const config = `cluster { name: test, ${listen}, routes: [${routes}] }\n`;
      return prepare(t, { name: `test-${index}`, config });
    }),
  );
  await Promise.all(servers.map(async (server) => server.start()));
  for (const server of servers) await meets(server, servers.length - 1);
  return servers;
}

/** Resolves when a server of a cluster knows that many others. */
export async function meets(server: TestServer, others: number): Promise<void> {
  await until("the servers of the cluster know each other", async () => {
    const { routes } = (await server.monitor("/routez")) as { routes?: { remote_id: string }[] };
    return new Set(routes?.map((route) => route.remote_id)).size === others;
  });
}
