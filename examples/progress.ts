/** Progress: a task tells how far it is; the engine tells 0 when it starts and 1 when it succeeds. The last value is stored. */
import { linear, load, task } from "../lib/index.ts";
import { isMain } from "./main.ts";

const copy = task({
  name: "copy",
  execute: async (_inputs, { progress }) => {
    for (const part of [1, 2, 3]) progress(part / 4, { part });
  },
});
const breaks = task({
  name: "breaks",
  execute: async (_inputs, { progress }) => {
    progress(0.4);
    throw new Error("no space left");
  },
});

export const copying = linear("copying", copy, breaks);

if (isMain(import.meta.url)) {
  const engine = load(copying, { neverResolve: true });
  engine.progressNotifier.on("*", ({ atom, fraction, details }) => {
    console.log(
      `${atom} ${fraction} ${details === undefined ? "" : JSON.stringify(details)}`.trim(),
    );
  });
  await engine.run().catch((error: Error) => {
    console.log(error.message);
  });
  console.log(
    `stored: copy ${engine.storage.atom("copy").progress}, breaks ${engine.storage.atom("breaks").progress}`,
  );
}
