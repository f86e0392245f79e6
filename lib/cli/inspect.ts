/** `fourstroke inspect`: serves the inspector's page until it is told to stop. */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { serveInspector } from "../inspector/server.ts";
import type { Jobboard } from "../jobboard/jobboard.ts";
import type { Journal } from "../journal/journal.ts";
import { systemClock } from "../system.ts";
import type { Transport } from "../transport/transport.ts";
import type { Log } from "../types.ts";
import { connect, type NatsChoice, natsSettings } from "./nats.ts";
import type { Output } from "./output.ts";
import { livingOwner } from "./owner.ts";
import { packageVersion } from "./package-version.ts";
import { openExisting } from "./store.ts";
import type { CommonOptions } from "./verb.ts";

export interface InspectOptions extends CommonOptions, NatsChoice {
  readonly host: string;
  readonly port: number;
  readonly token?: string;
  readonly allowEdits?: boolean;
}

/** Where flows are read, and how it is let go of. */
interface Source {
  readonly name: string;
  readonly journal: Journal;
  readonly board?: Jobboard;
  readonly transport?: Transport;
  readonly close: () => Promise<void>;
}

/** @returns the exit code, once it was told to stop */
export async function inspect(options: InspectOptions, output: Output): Promise<number> {
  const { host, port, token, allowEdits = false, nats } = options;
  const log: Log = (message) => {
    output.tell(message);
  };
  const source =
    nats === undefined
      ? await folderSource(options, log)
      : await clusterSource({ ...options, nats }, log);
  try {
    const { name, journal, board, transport } = source;
    const inspector = await serveInspector({
      journal,
      source: name,
      host,
      port,
      allowEdits,
      version: packageVersion(),
      runner: livingOwner,
      clock: systemClock,
      log,
      ...(board === undefined ? {} : { board }),
      ...(transport === undefined ? {} : { transport }),
      ...(token === undefined ? {} : { token }),
    });
    if (output.isJson) output.document({ url: inspector.url });
    else output.line(`inspector: ${inspector.url}`);
    await stopped();
    await inspector.close();
    return 0;
  } finally {
    await source.close();
  }
}

async function folderSource(options: InspectOptions, log: Log): Promise<Source> {
  const journal = await openExisting(options);
  const dir = resolve(options.dir);
  // Looking must not make what is not there.
  const board = existsSync(join(dir, "jobs.db"))
    ? (await import("../jobboard/sqlite.ts")).sqliteJobboard({ dir, log })
    : undefined;
  const close = async (): Promise<void> => {
    await board?.close();
    await journal.close();
  };
  return { name: dir, journal, close, ...(board === undefined ? {} : { board }) };
}

async function clusterSource(
  options: InspectOptions & { readonly nats: string },
  log: Log,
): Promise<Source> {
  const settings = await natsSettings(options, { role: "inspector", name: "fourstroke inspect" });
  const transport = await connect(settings, log);
  const [{ natsJournal }, { natsJobboard }] = await Promise.all([
    import("../nats/journal.ts"),
    import("../nats/jobboard.ts"),
  ]);
  const journal = natsJournal(transport);
  const board = await natsJobboard(transport, { log });
  const close = async (): Promise<void> => {
    await board.close();
    await journal.close();
    await transport[Symbol.asyncDispose]();
  };
  // Not the address as it was given: it may hold a password.
  const name = options.nats.replace(/\/\/[^@/]*@/g, "//");
  return { name, journal, board, transport, close };
}

const stopped = (): Promise<void> =>
  new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      process.once(signal, () => {
        resolve();
      });
    }
  });
