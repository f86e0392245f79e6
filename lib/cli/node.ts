/** `fourstroke node FILE...`: a worker that runs the tasks of these files for flows elsewhere. */
import { availableParallelism, hostname } from "node:os";
import { randomBytes } from "node:crypto";
import { Worker } from "../../actors/worker.ts";
import { FlowError } from "../errors.ts";
import { defaultLeaseMs } from "../executor/protocol.ts";
import { type Loaded, tasksOf } from "../loading/tasks.ts";
import { Beats } from "../nats/beats.ts";
import type { NatsTransport } from "../nats/transport.ts";
import { systemClock } from "../system.ts";
import type { Log, Task } from "../types.ts";
import { errorDocument } from "./documents.ts";
import { CliError, exitCodes, exitOf } from "./exit.ts";
import { connect, type NatsChoice, natsSettings } from "./nats.ts";
import { NodeLines } from "./node-lines.ts";
import type { Output } from "./output.ts";
import { loadFile } from "./source.ts";

export interface NodeOptions extends NatsChoice {
  readonly name?: string;
  readonly concurrency?: number;
  readonly role: readonly string[];
  readonly leaseMs?: number;
  readonly drainMs: number;
}

/** @returns the exit code */
export async function node(
  files: readonly string[],
  options: NodeOptions,
  output: Output,
): Promise<number> {
  const lines = new NodeLines(output);
  try {
    return await work(files, options, lines);
  } catch (error) {
    if (!output.isJson) throw error;
    lines.event("error", { ...errorDocument(error).error });
    return exitOf(error);
  } finally {
    lines.end();
  }
}

async function work(
  files: readonly string[],
  options: NodeOptions,
  lines: NodeLines,
): Promise<number> {
  const { nats, name = hostname(), role, concurrency = availableParallelism() } = options;
  if (nats === undefined)
    throw new CliError("USAGE", "node needs --nats URL: flows reach it through a server");
  if (!role.includes("worker")) {
    throw new CliError(
      "USAGE",
      "--role must name worker: this node has no other use for its files",
    );
  }
  const tasks = await loadTasks(files);
  const log: Log = (message, fields) => {
    lines.log(message, fields);
  };
  const leaseMs = options.leaseMs ?? defaultLeaseMs;
  const settings = await natsSettings({ ...options, nats }, { role: "worker", name });
  const transport = await connect(settings, log);
  const beats = await Beats.start({ nats: settings, everyMs: leaseMs / 4, log });
  const id = `${name}.${randomBytes(4).toString("hex")}`;
  const worker = new Worker({
    id,
    transport,
    tasks,
    concurrency,
    clock: systemClock,
    log,
    leaseMs,
    beats,
  });
  await worker.start();
  lines.ready({ name, worker: id, slots: concurrency, tasks });
  const watch = lines.watch(() => worker.statistics);
  try {
    return await untilTold({ worker, transport, lines, drainMs: options.drainMs });
  } finally {
    watch();
    // First the beats: one after the worker's last word would say that it is still there.
    await beats.close();
    worker.close();
    await transport[Symbol.asyncDispose]();
  }
}

async function loadTasks(files: readonly string[]): Promise<readonly Task[]> {
  const modules: Loaded[] = [];
  // One after the other, as a file imports others: their order may matter to them.
  for (const file of files) modules.push(await loadFile(file));
  const tasks = tasksOf(modules);
  if (tasks.length > 0) return tasks;
  throw new CliError("USAGE", `${files.join(", ")}: no task or flow is exported`, { files });
}

interface Work {
  readonly worker: Worker;
  readonly transport: NatsTransport;
  readonly lines: NodeLines;
  readonly drainMs: number;
}

/** Works until a signal, and then until what runs is done. */
async function untilTold({ worker, transport, lines, drainMs }: Work): Promise<number> {
  const signals = new Signals();
  const closed = new Promise<never>((_, reject) => {
    transport.onClosed((problem) => {
      reject(new FlowError("TRANSPORT_CLOSED", { problem }));
    });
  });
  closed.catch(() => undefined); // at the end it is closed as it should be
  try {
    const signal = await Promise.race([signals.next(), closed]);
    const again = signals.next().then((second) => {
      const code = second === "SIGINT" ? "INTERRUPTED" : "TERMINATED";
      throw new CliError(code, "stopped at once", { signal: second });
    });
    again.catch(() => undefined); // there may be none
    const { running, kept } = worker.statistics;
    lines.draining({ signal, running, kept, drainMs });
    const left = await Promise.race([worker.drain(drainMs), again, closed]);
    lines.left(left, worker.statistics);
    return left.length === 0 ? exitCodes.SUCCESS : exitCodes.LEFT;
  } finally {
    signals.close();
  }
}

class Signals {
  #told: (signal: NodeJS.Signals) => void = () => undefined;

  constructor() {
    process.on("SIGINT", this.#take);
    process.on("SIGTERM", this.#take);
  }

  async next(): Promise<NodeJS.Signals> {
    return new Promise((resolve) => {
      this.#told = resolve;
    });
  }

  close(): void {
    process.off("SIGINT", this.#take);
    process.off("SIGTERM", this.#take);
  }

  readonly #take = (signal: NodeJS.Signals): void => {
    this.#told(signal);
  };
}
