/** `fourstroke inspect`: serves the inspector's page until it is told to stop. */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { serveInspector } from "../inspector/server.ts";
import { systemClock } from "../system.ts";
import type { Log } from "../types.ts";
import { withoutSecrets } from "./engines.ts";
import type { Output } from "./output.ts";
import { deadOwner, livingOwner } from "./owner.ts";
import { packageVersion } from "./package-version.ts";
import { Places, type PlacesOptions } from "./places.ts";
import { placeText } from "./verb.ts";

export interface InspectOptions extends PlacesOptions {
  readonly host: string;
  readonly port: number;
  readonly token?: string;
  readonly allowEdits?: boolean;
}

/** @returns the exit code, once it was told to stop */
export async function inspect(options: InspectOptions, output: Output): Promise<number> {
  const { dir, nats, host, port, token, allowEdits = false } = options;
  const log: Log = (message) => {
    output.tell(message);
  };
  await using places = await Places.open(options, { role: "inspector", log });
  const { transport } = places;
  // Looking must not make what is not there.
  const hasBoard = transport !== undefined || existsSync(join(dir, "jobs.db"));
  await using inspector = await serveInspector({
    journal: await places.journal(),
    // Not the address as it was given: it may hold a password.
    source: nats === undefined ? resolve(dir) : withoutSecrets(nats),
    place: placeText(options),
    host,
    port,
    allowEdits,
    version: packageVersion(),
    runner: livingOwner,
    gone: deadOwner,
    clock: systemClock,
    log,
    ...(hasBoard ? { board: await places.board() } : {}),
    ...(transport === undefined ? {} : { transport }),
    ...(token === undefined ? {} : { token }),
  });
  if (output.isJson) output.document({ url: inspector.url });
  else output.line(`inspector: ${inspector.url}`);
  await stopped();
  return 0;
}

const stopped = (): Promise<void> =>
  new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      process.once(signal, () => {
        resolve();
      });
    }
  });
