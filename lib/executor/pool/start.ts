/** Starts threads and child processes that host a worker. */
import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import type { Port } from "../../transport/message.ts";
import { portPair } from "../../transport/switch.ts";
import { hostFlags } from "./flags.ts";
import { processPort, threadPort } from "./ports.ts";

export type PoolKind = "threads" | "processes";

export interface HostOptions {
  readonly id: string;
  /** What the host runs: see `host.ts`. */
  readonly entry: URL;
  /** MiB that its JavaScript heap may grow to. */
  readonly heapMb: number | undefined;
  readonly env: NodeJS.ProcessEnv;
}

/** A thread or child process, as whoever started it sees it. */
export interface Host {
  readonly port: Port;
  /**
   * Why it ended, for people. Never rejects. Settles a turn of the event loop later, when the last that it had sent
   * has found its way through the switch.
   */
  readonly ended: Promise<string>;
  /** Whether it keeps this process alive; at first it does. */
  hold(isHeld: boolean): void;
  /** Ends it at once, whatever it does. */
  kill(): void;
}

/** Never throws: a host that Node can't even start has ended. */
export function startHost(kind: PoolKind, options: HostOptions): Host {
  try {
    return kind === "threads" ? startThread(options) : startProcess(options);
  } catch (error) {
    const [port] = portPair();
    const ended = Promise.resolve(String(error));
    return { port, ended, hold: () => undefined, kill: () => undefined };
  }
}

function startThread({ id, entry, heapMb, env }: HostOptions): Host {
  const worker = new Worker(entry, {
    name: id,
    argv: [id],
    env,
    execArgv: hostFlags(process.execArgv),
    resourceLimits: heapMb === undefined ? {} : { maxOldGenerationSizeMb: heapMb },
  });
  let thrown: string | undefined;
  worker.on("error", (error: unknown) => {
    thrown = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  });
  return {
    port: threadPort(worker),
    ended: new Promise((resolve) => {
      worker.on("exit", (code) => {
        setImmediate(resolve, thrown ?? `it exited with ${code}`);
      });
    }),
    hold: (isHeld) => {
      if (isHeld) worker.ref();
      else worker.unref();
    },
    kill: () => void worker.terminate(),
  };
}

/** Milliseconds after its end in which the rest of what a child has written is read. */
const restMs = 500;

function startProcess({ id, entry, heapMb, env }: HostOptions): Host {
  const limits = heapMb === undefined ? [] : [`--max-old-space-size=${heapMb}`];
  const child = fork(fileURLToPath(entry), [id], {
    serialization: "advanced",
    env,
    execArgv: [...hostFlags(process.execArgv), ...limits],
    // Through this process and not past it: what shows something here may have to make room first.
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
  child.stdout?.on("data", (chunk: Uint8Array) => process.stdout.write(chunk));
  child.stderr?.on("data", (chunk: Uint8Array) => process.stderr.write(chunk));
  const handles: readonly unknown[] = [child, child.channel, child.stdout, child.stderr];
  return {
    port: processPort(child),
    ended: new Promise((resolve) => {
      let how = "";
      child.on("error", (error) => {
        if (child.pid === undefined) resolve(error.message);
      });
      child.on("exit", (code, signal) => {
        how = signal === null ? `it exited with ${code}` : `it was ended by ${signal}`;
        // A process that it had started may hold its streams open.
        setTimeout(resolve, restMs, how);
      });
      child.on("close", () => {
        setImmediate(resolve, how);
      });
    }),
    hold: (isHeld) => {
      for (const handle of handles) {
        const held = handle as Held | null | undefined;
        if (isHeld) held?.ref?.();
        else held?.unref?.();
      }
    },
    kill: () => void child.kill("SIGKILL"),
  };
}

/** A stream has these, but its type doesn't say so. */
interface Held {
  ref?(): void;
  unref?(): void;
}
