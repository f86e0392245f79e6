/**
 * Surviving a crash: a process runs a flow and dies in the middle; the next one runs the same lines and goes on where
 * the journal ends. The task that was running gets the same key again.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { linear, load, sqliteJournal, task } from "../lib/index.ts";
import { isMain } from "./main.ts";

const [, , dir, dies] = process.argv;

const first = task({
  name: "first",
  provides: "a",
  execute: (_inputs, { key }) => {
    if (isMain(import.meta.url)) console.log(`  ${key}`);
    return 1;
  },
});
const second = task({
  name: "second",
  requires: ["a"],
  provides: "b",
  execute: ({ a }: { a: number }, { key }) => {
    if (isMain(import.meta.url)) console.log(`  ${key}`);
    if (dies === "dies") process.kill(process.pid, "SIGKILL");
    return a + 1;
  },
});

export const survivor = linear("survivor", first, second);

if (isMain(import.meta.url)) {
  if (dir === undefined) {
    const place = mkdtempSync(join(tmpdir(), "fourstroke-example-"));
    const self = fileURLToPath(import.meta.url);
    for (const how of ["dies", "lives"]) {
      console.log(`a process that ${how}:`);
      spawnSync(process.execPath, [self, place, how], { stdio: "inherit" });
    }
    rmSync(place, { recursive: true });
  } else {
    const journal = sqliteJournal({ dir });
    const engine = load(survivor, { id: "it", journal });
    console.log(`  ended ${await engine.run()}, b = ${String(engine.storage.fetch("b"))}`);
    await journal.close();
  }
}
