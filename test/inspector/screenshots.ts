/** Takes the pictures of docs/: `npm run screenshots`. */
import { mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { load, memoryJournal } from "../../lib/index.ts";
import { noBrowser, openBrowser } from "./browser.ts";
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
const inspector = await serve({ journal, source: "/srv/flows/.fourstroke" });
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
    await page.goto(`${inspector.url}${path}`);
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
  await close();
}
await inspector.close();
live.kill("the pictures are taken");
await running;
process.exit(0);
