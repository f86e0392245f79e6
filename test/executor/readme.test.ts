// The README's flow, unchanged but for where it is imported from, on every engine.
import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import t from "tap";
import { Worker } from "../../actors/worker.ts";
import { connectNats, type EngineOptions, load } from "../../lib/index.ts";
import { loadModule } from "../../lib/loading/modules.ts";
import { tasksOf } from "../../lib/loading/tasks.ts";
import { systemClock } from "../../lib/system.ts";
import type { Item } from "../../lib/types.ts";
import { noServer, startServer } from "../nats/server.ts";

const root = resolve(import.meta.dirname, "../../..");
const library = pathToFileURL(join(root, "build/lib/index.js")).href;
const readme = readFileSync(join(root, "README.md"), "utf8");
const [shown = ""] = /(?<=```ts\n).*?(?=const \{ server)/s.exec(readme) ?? [];

const file = join(t.testdir(), "flow.ts");
writeFileSync(
  file,
  shown
    .replace('"fourstroke"', JSON.stringify(library))
    .replace("const createS", "export const createS"),
);
const url = pathToFileURL(file);
const exports = await loadModule(url);
const flow = exports["createServer"] as Item;

async function runs(options: EngineOptions): Promise<unknown> {
  const log = (message: string): void => {
    t.comment(message);
  };
  const engine = load(flow, { store: { region: "eu", cores: 4 }, log, ...options });
  await engine.run();
  const { invoice, server } = engine.storage.fetchAll();
  await engine.close();
  return { invoice, server };
}

const expected = { invoice: "to pay: 8", server: { cores: 4 } };

for (const engine of ["serial", "parallel"] as const) {
  t.test(engine, async (t) => {
    t.match(await runs({ engine }), expected);
  });
}

for (const engine of ["threads", "processes"] as const) {
  t.test(engine, async (t) => {
    t.match(await runs({ engine, modules: [url] }), expected);
  });
}

t.test("workers", { skip: noServer }, async (t) => {
  const { url: servers } = await startServer(t);
  const [near, far] = [await connectNats({ servers }), await connectNats({ servers })];
  t.teardown(() => Promise.all([near[Symbol.asyncDispose](), far[Symbol.asyncDispose]()]));
  const tasks = tasksOf([{ url, exports }]);
  const worker = new Worker({
    id: "w",
    transport: far,
    tasks,
    clock: systemClock,
    log: () => undefined,
  });
  await worker.start();
  t.teardown(() => {
    worker.close();
  });
  t.match(await runs({ engine: "workers", transport: near }), expected);
});
