/** Takes the pictures of docs/: `npm run screenshots`. */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Test } from "tap";
import { connectNats, load, memoryJournal, natsJobboard } from "../../lib/index.ts";
import { startServer } from "../nats/server.ts";
import { noBrowser, openBrowser } from "./browser.ts";
import { TestCluster } from "./cluster.ts";
import { createServer, rest } from "./flows.ts";
import { serve } from "./serve.ts";

const folder = resolve(import.meta.dirname, "../../../docs/inspector");
const size = { width: 1440, height: 860 };

if (noBrowser !== false) throw new Error(noBrowser);
mkdirSync(folder, { recursive: true });
const journal = memoryJournal();
const store = { region: "eu-north", flavour: "m8.large" };
const begin = (id: string, pace: Parameters<typeof createServer>[0]) =>
  load(createServer(pace), { id, journal, engine: "parallel", store });
const engines = [];
for (let at = 0; at < 9; at++) {
  const bill = at % 4 === 3 ? "fails" : "works";
  const engine = begin(`server-${17 + at}`, { unitMs: 4 + at, failures: at % 3, bill });
  await engine.run().catch(() => undefined);
  engines.push(engine);
}
const suspended = begin("server-27", { unitMs: 20, failures: 0, bill: "works" });
const resting = suspended.run();
await rest(60);
suspended.suspend();
await resting;
const live = begin("server-42", { unitMs: 90, failures: 2, bill: "hangs" });
const running = live.run().catch(() => undefined);
const failed = begin("server-41", { unitMs: 60, failures: 1, bill: "fails" });
await failed.run().catch(() => undefined);
const source = "/srv/flows/.fourstroke";
const inspector = await serve({ journal, source, runner: () => "process 4017" });

/** What the helpers of tests ask of a test. */
const ends: (() => unknown)[] = [];
const shooting = { teardown: (end: () => unknown) => ends.unshift(end) } as unknown as Test;
const folderOfCluster = mkdtempSync(join(tmpdir(), "fourstroke-shots-"));
const server = await startServer(shooting);
const file = resolve(import.meta.dirname, "../../examples/cluster/flow.js");
const cluster = new TestCluster(folderOfCluster, ["--nats", server.url], file);
for (const name of ["conductor-1", "conductor-2"]) {
  await cluster.stay("conductor", name, "--max-flows", "3");
}
for (const name of ["worker-1", "worker-2"]) await cluster.stay("node", name, "--concurrency", "2");
const board = await natsJobboard(await connectNats({ servers: server.url }));
const clusterUrl = await cluster.inspect();
/** Enough that some wait while others are worked on. */
const order = async (count: number, from: number): Promise<void> => {
  for (let at = from; at < from + count; at++) {
    await board.post({ id: `order-${at}`, flow: "order", store: { order: at, pieces: 9 } });
  }
};
for (const scheme of ["light", "dark"] as const) {
  const { context, close } = await openBrowser(size, scheme);
  const page = await context.newPage();
  page.on("console", (message) => {
    if (message.type() === "error") process.stderr.write(`${message.text()}\n`);
  });
  page.on("pageerror", (error) => {
    process.stderr.write(`${error.stack ?? error.message}\n`);
  });
  const shoot = async (name: string, path: string, ready: string): Promise<void> => {
    await page.goto(path.startsWith("http") ? path : `${inspector.url}${path}`);
    await page.waitForSelector(ready, { timeout: 6_000 }).catch(async (error: unknown) => {
      await page.screenshot({ path: "/tmp/shot-error.png" });
      throw error;
    });
    await page.waitForTimeout(600);
    await page.screenshot({ path: join(folder, `${name}-${scheme}.png`) });
  };
  await shoot("flows", "", ".bar");
  await shoot("live", "?flow=server-42&actor=boot", ".state.current");
  await shoot("failed", "?flow=server-41&panel=journal", ".atom");
  await shoot("messages", "?flow=server-41&drawing=messages&at=32&actor=boot", ".message.now");
  await shoot("travel", "?flow=server-41&at=24&actor=try-hosts", ".state.current");
  await order(16, scheme === "light" ? 1 : 101);
  await shoot("cluster", `${clusterUrl}?view=cluster`, 'td:text-is("up")');
  await close();
}
await inspector.close();
await cluster.close();
for (const end of ends) await end();
rmSync(folderOfCluster, { recursive: true });
live.kill("the pictures are taken");
await running;
process.exit(0);
