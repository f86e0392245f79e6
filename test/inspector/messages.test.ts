// The sequence diagram in a browser: messages, time travel, keys, narrow windows, large flows.
import t from "tap";
import { memoryJournal, load, run, task, unordered } from "../../lib/index.ts";
import { noBrowser } from "./browser.ts";
import { createServer } from "./flows.ts";
import { openPage } from "./open-page.ts";
import { serve } from "./serve.ts";

t.setTimeout(120_000);
const skip = noBrowser;

t.test("messages of a flow, at any of its records", { skip }, async (t) => {
  const journal = memoryJournal();
  const pace = { unitMs: 2, failures: 1, bill: "fails" } as const;
  await run(createServer(pace), { id: "failed", journal, engine: "parallel" }).catch(
    () => undefined,
  );
  const inspector = await serve({ journal });
  t.teardown(() => inspector.close());
  const { page, faults } = await openPage(t, { width: 420, height: 800 });
  await page.goto(`${inspector.url}?flow=failed`);
  await page.click(".tabs >> text=messages");
  await page.waitForSelector('.message.now:has-text("REVERTED")');
  t.match(page.url(), /drawing=messages/);
  const heads = await page.locator(".heads .head").allTextContents();
  t.strictSame(heads.slice(0, 1), ["outside"]);
  t.ok(heads.includes("create-server") && heads.includes("boot") && heads.includes("try-hosts"));
  const width = await page.evaluate<number>("document.documentElement.scrollWidth");
  t.ok(width <= 420, `a narrow window needs no sideways scrolling of the page: ${width}`);
  await page.click('.head button:text-is("boot")');
  await page.waitForSelector('.head button[aria-pressed="true"]:text-is("boot")');
  await page.fill("input[type=range]", "4");
  await page.waitForSelector('.message.now:has-text("#1")');
  await page.focus(".message.now");
  await page.keyboard.press("ArrowDown");
  await page.waitForSelector(".where:has-text('record 5 of')");
  await page.keyboard.press("ArrowUp");
  await page.waitForSelector(".where:has-text('record 4 of')");
  t.equal(await page.locator(".message.before").count(), 3, "what came before stands above");
  t.ok((await page.locator(".message.later").count()) > 3, "what comes later is there, but pale");
  await page.click('.message:has-text("no host has enough memory")');
  await page.waitForSelector('.arrow.bad.back[title*="boot → flow: Error: no host"]');
  await page.waitForSelector(".atom, .flow-head");
  t.strictSame(faults, []);
});

t.test("messages come as they are said", { skip }, async (t) => {
  const journal = memoryJournal();
  const inspector = await serve({ journal });
  t.teardown(() => inspector.close());
  const flow = createServer({ unitMs: 20, failures: 0, bill: "hangs" });
  const engine = load(flow, { id: "live", journal, engine: "parallel" });
  const over = engine.run().catch(() => undefined);
  const { page, faults } = await openPage(t);
  await page.goto(`${inspector.url}?flow=live&drawing=messages`);
  await page.waitForSelector('.arrow[title="flow → send-invoice: #1"]');
  engine.kill("enough");
  await over;
  await page.waitForSelector('.arrow[title="outside → flow: kill: enough"]');
  t.strictSame(faults, []);
});

t.test("a flow of 5,000 atoms doesn't freeze it", { skip }, async (t) => {
  const journal = memoryJournal();
  const tasks = Array.from({ length: 5_000 }, (_, at) =>
    task({ name: `task-${at}`, execute: () => at }),
  );
  await run(unordered("large", ...tasks), { id: "large", journal });
  const inspector = await serve({ journal });
  t.teardown(() => inspector.close());
  const { page, faults } = await openPage(t);
  await page.goto(`${inspector.url}?flow=large&drawing=messages`);
  await page.waitForSelector(".message.now");
  await page.evaluate(`
    let last = performance.now();
    window.longest = 0;
    setInterval(() => {
      const now = performance.now();
      window.longest = Math.max(window.longest, now - last);
      last = now;
    }, 10);
  `);
  for (const at of [9_000, 40, 5_000, 7_777]) {
    await page.fill("input[type=range]", String(at));
    await page.waitForSelector(
      `.where:has-text("record ${at.toLocaleString("en").replace(",", "")} of")`,
    );
    await page.waitForSelector(".message.now");
  }
  t.ok((await page.locator(".message").count()) < 100, "only what is in sight is drawn");
  t.ok((await page.locator(".head").count()) <= 28, "and few lifelines");
  await page.waitForSelector('.head.others:has-text("more")');
  const longest = Math.round(await page.evaluate<number>("window.longest"));
  t.comment(`did not answer for at most ${longest} ms`);
  t.ok(longest < 2_000, `${longest} ms`);
  t.strictSame(faults, []);
});
