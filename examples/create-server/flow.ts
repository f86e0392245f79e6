/** The flow: what there is to do, and how each step is undone. */
import { createHash } from "node:crypto";
import {
  mkdirSync,
  openSync,
  closeSync,
  fsyncSync,
  writeSync,
  rmSync,
  readFileSync,
} from "node:fs";
import { join } from "node:path";
import { forEach, linear, task, unordered } from "../../lib/index.ts";
import { type Machine, startMachine, stopMachine } from "./machine.ts";

/** Where things are; handed in with the flow's store. */
export interface Place {
  readonly dir: string;
  readonly cloud: string;
}

async function ask(place: Place, key: string, call: string, body = ""): Promise<string> {
  const [method = "GET", path = "/"] = call.split(" ");
  const response = await fetch(place.cloud + path, {
    method,
    headers: { "idempotency-key": key },
    ...(method === "POST" ? { body } : {}),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(text);
  return text;
}

/** Makes the tasks of a place. The journal keeps values; where the cloud listens today is not one of them. */
export function createServerFlow(place: Place) {
  const allocateAddress = task({
    name: "allocate-address",
    provides: "address",
    execute: (_inputs, { key }) => ask(place, key, "POST /addresses"),
    revert: (_inputs, { key, result }) => ask(place, key, `DELETE /addresses/${String(result)}`),
  });

  const writeVolume = task({
    name: "write-volume",
    requires: ["megabytes"],
    provides: "volume",
    execute({ megabytes }: { megabytes: number }, { attempt, progress }) {
      const folder = join(place.dir, "volumes");
      mkdirSync(folder, { recursive: true });
      const file = join(folder, `volume-${attempt}`);
      const handle = openSync(file, "w");
      for (let at = 0; at < megabytes; at++) {
        writeSync(handle, Buffer.alloc(1024 * 1024, at));
        progress((at + 1) / megabytes);
      }
      fsyncSync(handle);
      closeSync(handle);
      return { file, sha256: createHash("sha256").update(readFileSync(file)).digest("hex") };
    },
    revert(_inputs, { result }) {
      if (result !== undefined) rmSync((result as { file: string }).file, { force: true });
    },
  });

  const fetchImage = task({
    name: "fetch-image",
    provides: "imageBytes",
    async execute(_inputs, { key, signal }) {
      const response = await fetch(`${place.cloud}/image`, {
        headers: { "idempotency-key": key },
        signal,
      });
      return (await response.arrayBuffer()).byteLength;
    },
  });

  const bootServer = task({
    name: "boot-server",
    requires: ["flavour", "volume"],
    provides: "machine",
    timeoutMs: 20_000,
    async execute(
      { flavour, volume }: { flavour: string; volume: { file: string } },
      { key, signal },
    ): Promise<Machine> {
      await ask(place, key, "POST /capacity", flavour);
      return startMachine(place.dir, key, volume.file, signal);
    },
    revert(_inputs, { result }) {
      // None: it failed before it had started anything.
      if (result !== undefined) stopMachine(result);
    },
  });

  const waitUntilUp = task({
    name: "wait-until-up",
    requires: ["machine", "volume"],
    provides: "servedBytes",
    timeoutMs: 20_000,
    async execute(
      { machine }: { machine: Machine; volume: { file: string } },
      { signal, progress },
    ) {
      const at = `http://127.0.0.1:${machine.port}`;
      await fetch(`${at}/health`, { signal });
      progress(0.5);
      const served = await fetch(at, { signal });
      return (await served.arrayBuffer()).byteLength;
    },
  });

  const publishName = task({
    name: "publish-name",
    requires: ["name", "address"],
    provides: "published",
    execute: ({ name, address }: { name: string; address: string }, { key }) =>
      ask(place, key, "POST /names", `${name} is ${address}`),
    revert: ({ name }, { key }) => ask(place, key, `DELETE /names/${name}`),
  });

  return linear(
    "create-server",
    { retry: forEach(["huge", "small"], { name: "choose-flavour", provides: "flavour" }) },
    allocateAddress,
    unordered("prepare", writeVolume, fetchImage),
    bootServer,
    waitUntilUp,
    publishName,
  );
}
