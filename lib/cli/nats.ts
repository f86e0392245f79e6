/** How a command line says where its NATS server is, and who it is to that one. */
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { FlowError } from "../errors.ts";
import type { NatsOptions } from "../nats/connect.ts";
import type { NatsTransport } from "../nats/face.ts";
import type { Log } from "../types.ts";
import { CliError } from "./exit.ts";

/** What is read off the command line. Secrets come in files: everybody on a machine can list arguments. */
export interface NatsChoice {
  readonly nats?: string;
  readonly prefix?: string;
  readonly user?: string;
  readonly passwordFile?: string;
  readonly seedFile?: string;
  readonly tlsCa?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
}

/** What can be handed to a thread, too. */
export type NatsSettings = Omit<NatsOptions, "clock" | "log">;

/** @throws CliError `USAGE` for a file that can't be read */
export async function natsSettings(
  { nats, ...choice }: NatsChoice & { readonly nats: string },
  as: { readonly role: string; readonly name: string },
): Promise<NatsSettings> {
  const { prefix, user, passwordFile, seedFile, tlsCa, tlsCert, tlsKey } = choice;
  const tls = {
    ...(tlsCa === undefined ? {} : { ca: await secret("--tls-ca", tlsCa) }),
    ...(tlsCert === undefined ? {} : { cert: await secret("--tls-cert", tlsCert) }),
    ...(tlsKey === undefined ? {} : { key: await secret("--tls-key", tlsKey) }),
  };
  return {
    ...as,
    servers: nats,
    ...(prefix === undefined ? {} : { prefix }),
    ...(user === undefined ? {} : { user }),
    ...(passwordFile === undefined
      ? {}
      : { password: (await secret("--password-file", passwordFile)).trim() }),
    ...(seedFile === undefined ? {} : { seed: await secret("--seed-file", seedFile) }),
    ...(Object.keys(tls).length === 0 ? {} : { tls }),
  };
}

async function secret(option: string, path: string): Promise<string> {
  try {
    return await readFile(resolve(path), "utf8");
  } catch (error) {
    const { code = "unknown error" } = error as NodeJS.ErrnoException;
    throw new CliError("USAGE", `${option}: can't read ${path} (${code})`, { option, file: path });
  }
}

/** @throws what `connectNats` throws, with the options of the command line in their own names */
export async function connect(settings: NatsSettings, log: Log): Promise<NatsTransport> {
  const { connectNats } = await import("../nats/connect.ts");
  try {
    return await connectNats({ ...settings, log });
  } catch (error) {
    if (!FlowError.is(error, "INVALID_OPTION")) throw error;
    const { option, problem } = error.about;
    const named = { servers: "--nats", prefix: "--prefix", seed: "--seed-file" }[option];
    throw named === undefined ? error : new CliError("USAGE", `${named} ${problem}`, { option });
  }
}
