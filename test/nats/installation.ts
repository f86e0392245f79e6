/** A real server started from nats.conf, with keys and a certificate made for the test. */
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { nkeys } from "nats";
import type { Test } from "tap";
import { connectNats } from "../../lib/nats/connect.ts";
import type { NatsTransport } from "../../lib/nats/face.ts";
import { noServer, startServer, type TestServer } from "./server.ts";

const run = promisify(execFile);
const config = readFileSync(resolve(import.meta.dirname, "../../../nats.conf"), "utf8");

export const roles = ["engine", "worker", "node", "client", "inspector", "operator"] as const;
export type Role = (typeof roles)[number];

/** Why there is none here, if so. */
export const skip =
  noServer ||
  (await run("openssl", ["version"]).then(
    () => false,
    () => "no openssl to make a certificate with",
  ));

export interface Installation {
  readonly server: TestServer;
  readonly ca: string;
  readonly seeds: Readonly<Record<Role, string>>;
}

export interface KeyPair {
  getPublicKey(): string;
  getSeed(): Uint8Array;
}

/** A new nkey of a user; the client's declarations lose its type. */
export const newUser = (): KeyPair => (nkeys as { createUser(): KeyPair }).createUser();

/** The server of nats.conf, with keys and a certificate made for this test. */
export async function install(t: Test): Promise<Installation> {
  const folder = t.testdir();
  const [cert, key] = [join(folder, "cert.pem"), join(folder, "key.pem")];
  const names = "subjectAltName=DNS:localhost,IP:127.0.0.1";
  const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  const about = ["-days", "2", "-subj", "/CN=localhost", "-addext", names];
  await run("openssl", ["req", "-x509", ...curve, ...about, "-keyout", key, "-out", cert]);
  const pairs = roles.map((role) => [role, newUser()] as const);
  const env: Record<string, string> = { FS_CERT: cert, FS_KEY: key, FS_STORE: folder };
  for (const [role, pair] of pairs) env[`FS_${role.toUpperCase()}`] = pair.getPublicKey();
  const server = await startServer(t, { config, env });
  const seeds = pairs.map(([role, pair]) => [role, Buffer.from(pair.getSeed()).toString("ascii")]);
  const ca = readFileSync(cert, "utf8");
  return { server, ca, seeds: Object.fromEntries(seeds) as Record<Role, string> };
}

/** A connection in a role. */
export async function transport(t: Test, it: Installation, role: Role): Promise<NatsTransport> {
  const { seeds, ca, server } = it;
  const end = await connectNats({ servers: server.url, seed: seeds[role], role, tls: { ca } });
  t.teardown(async () => end[Symbol.asyncDispose]());
  return end;
}
