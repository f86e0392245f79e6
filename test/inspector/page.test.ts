// The page itself, in a browser: every screen, on live and on failed flows.
import type { Page } from "playwright-core";
import t from "tap";
import { linear, load, memoryJournal, run, task, unordered } from "../../lib/index.ts";
import { memoryJobboard } from "../../lib/jobboard/memory.ts";
import { noBrowser } from "./browser.ts";
import { createServer } from "./flows.ts";
import { openPage } from "./open-page.ts";
import { serve } from "./serve.ts";

t.setTimeout(120_000);

const evil = '<img src=x onerror="window.pwned=1"><script>window.pwned=1</script>';

const stateIn = (page: Page, atom: string) =>
  page.getAttribute(`.atom[data-atom="${atom}"]`, "data-state");
const untilState = (page: Page, atom: string, state: string) =>
  page.waitForSelector(`.atom[data-atom="${atom}"][data-state="${state}"]`);

const skip = noBrowser;

t.test("a live flow is watched from the list to its end", { skip }, async (t) => {
  const journal = memoryJournal();
  for (let at = 0; at < 5; at++) {
    await run(createServer({ unitMs: 0, failures: 0, bill: "works" }), {
      id: `done-${at}`,
      journal,
    });
  }
  const inspector = await serve({ journal });
  t.teardown(() => inspector.close());
  const { page, faults } = await openPage(t);
  await page.goto(inspector.url);
  await page.waitForSelector("text=done-4");
  const engine = load(createServer({ unitMs: 30, failures: 1, bill: "hangs" }), {
    id: "live-1",
    journal,
    engine: "parallel",
  });
  const ended = engine.run().catch(() => undefined);
  await page.waitForSelector("text=live-1");
  await page.fill("input[type=search]", "live");
  await page.waitForSelector("text=done-4", { state: "detached" });
  t.match(page.url(), /text=live/, "what is searched for is in the address");
  await page.click("a.flow-row >> text=live-1");
  await untilState(page, "check-quota", "SUCCESS");
  await untilState(page, "send-invoice", "RUNNING");
  await page.waitForSelector('.why:has-text("\\"send-invoice\\" has been running for")');
  t.equal(await page.locator(".timeline .span.failed").count(), 1, "the failed attempt");
  t.ok((await page.locator(".timeline .span.wait").count()) >= 1, "the wait");
  engine.kill("enough");
  await ended;
  await page.waitForSelector('.flow-head .badge[data-state="FAILURE"]');
  t.strictSame(faults, []);
});

t.test("a failed flow: actor, journal, values, time travel, keys", { skip }, async (t) => {
  const journal = memoryJournal();
  const failing = createServer({ unitMs: 2, failures: 2, bill: "fails" });
  await run(failing, { id: "failed", journal, engine: "parallel" }).catch(() => undefined);
  const inspector = await serve({ journal });
  t.teardown(() => inspector.close());
  const { page, faults } = await openPage(t);
  await page.goto(`${inspector.url}?flow=failed`);
  await untilState(page, "boot", "REVERTED");
  await page.waitForSelector('.state.current[data-state="REVERTED"]');
  await page.click('.atom[data-atom="send-invoice"]');
  await page.waitForSelector('.facts .bad:has-text("the customer has no address")');
  await page.click('.atom[data-atom="try-hosts"]');
  await page.waitForSelector('.state.current[data-state="REVERTED"]');
  await page.click('.atom[data-atom="boot"]');
  await page.click(".tabs >> text=journal");
  await page.check(".only input");
  await page.click(".record:has-text('no host has enough memory') >> nth=0");
  await page.waitForSelector(".opened:has-text('64 GiB asked')");
  t.match(page.url(), /at=\d+/);
  await untilState(page, "boot", "FAILURE");
  t.equal(await stateIn(page, "send-invoice"), "PENDING", "later things have not happened");
  await page.click(".tabs >> text=values");
  await page.waitForSelector(".facts:has-text('address')");
  for (let step = 0; step < 60; step++) await page.keyboard.press("[");
  await page.waitForSelector(".where:has-text('record 1 of')");
  t.equal(await stateIn(page, "check-quota"), "PENDING");
  await page.focus("input[type=range]");
  await page.keyboard.press("End");
  await untilState(page, "boot", "REVERTED");
  t.notMatch(page.url(), /at=/, "the last record is the present");
  t.strictSame(faults, []);
});

t.test("names and values are shown, not run", { skip }, async (t) => {
  const journal = memoryJournal();
  const hostile = linear(
    evil,
    task({ name: `a ${evil}`, provides: evil, execute: () => ({ [evil]: evil }) }),
    task({
      name: `b ${evil}`,
      execute: () => {
        throw new Error(evil, { cause: new Error(`why ${evil}`) });
      },
    }),
  );
  await run(hostile, { id: `id ${evil}`, journal, store: { [`s ${evil}`]: evil } as object }).catch(
    () => undefined,
  );
  const inspector = await serve({ journal });
  t.teardown(() => inspector.close());
  const { page, faults } = await openPage(t);
  await page.goto(inspector.url);
  await page.click("a.flow-row");
  await page.click(`.atom >> nth=1`);
  await page.waitForSelector(".facts .bad:has-text('<script>')");
  for (const panel of ["journal", "values"]) {
    await page.click(`.tabs >> text=${panel}`);
    await page.waitForSelector(".side:has-text('<script>')");
  }
  t.equal(await page.evaluate("window.pwned"), undefined);
  t.equal(await page.locator("#page img, #page script").count(), 0);
  t.strictSame(faults, []);
});

t.test("what tasks log: of one, of all, at a moment, and not run", { skip }, async (t) => {
  const journal = memoryJournal();
  const says = (name: string) =>
    task({
      name,
      execute: (_: object, { log }) => {
        log(`${name} says ${evil}`, { [evil]: evil });
        log.error("it is over");
      },
    });
  await run(linear("talk", says("one"), says("two")), { id: "talk", journal });
  const inspector = await serve({ journal });
  t.teardown(() => inspector.close());
  const { page, faults } = await openPage(t);
  await page.goto(`${inspector.url}?flow=talk`);
  await page.waitForSelector('.log li:has-text("two#1 two says <img")');
  t.equal(await page.locator(".log li").count(), 4, "of all");
  await page.click('.atom[data-atom="two"]');
  await page.waitForSelector('.log li >> text="one#1"', { state: "detached" });
  t.equal(await page.locator(".log li").count(), 2, "of one");
  t.equal(await page.locator('.log li[data-level="error"]').count(), 1);
  await page.click(".tabs >> text=journal");
  await page.click(".record:has-text('logged') >> nth=1");
  await page.waitForSelector(".opened:has-text('it is over')");
  await page.click(".tabs >> text=two");
  await page.waitForSelector(".log", { state: "detached" });
  t.match(page.url(), /at=/, "before it said anything");
  t.equal(await page.evaluate("window.pwned"), undefined);
  t.strictSame(faults, []);
});

t.test("the cluster, and a command that is asked twice", { skip }, async (t) => {
  const journal = memoryJournal();
  const board = memoryJobboard();
  await run(createServer({ unitMs: 0, failures: 0, bill: "works" }), { id: "job-1", journal });
  await board.post({ id: "job-1", flow: "create-server" });
  await board.renew({ owner: "conductor-a", leaseMs: 15_000 });
  const inspector = await serve({ journal, board, allowEdits: true });
  t.teardown(() => inspector.close());
  const { page, faults } = await openPage(t);
  await page.goto(inspector.url);
  t.notMatch(page.url(), /token/, "the token doesn't stay in the address");
  await page.click("nav >> text=Cluster");
  await page.waitForSelector("text=conductor-a");
  await page.click("td >> text=job-1");
  await page.click(".hands >> text=cancel");
  t.strictSame((await board.get("job-1"))?.commands, [], "not yet");
  await page.fill(".sure input", "too dear");
  await page.click(".sure button");
  await page.waitForSelector("text=was left for its owner");
  t.match((await board.get("job-1"))?.commands, [{ kind: "cancel", reason: "too dear" }]);
  t.strictSame(faults, []);
});

t.test("edits of an atom: only what can be done, asked twice", { skip }, async (t) => {
  const journal = memoryJournal();
  const board = memoryJobboard();
  const flow = createServer({ unitMs: 0, failures: 0, bill: "hangs" });
  const engine = load(flow, { id: "job-1", journal, engine: "parallel" });
  const ended = engine.run().catch(() => undefined);
  await board.post({ id: "job-1", flow: "create-server" });
  const inspector = await serve({ journal, board, allowEdits: true });
  t.teardown(() => inspector.close());
  const { page, faults } = await openPage(t);
  await page.goto(inspector.url);
  await page.click("a.flow-row >> text=job-1");
  await page.waitForSelector('.edits:has-text("park")');
  await untilState(page, "send-invoice", "RUNNING");
  await page.click('.atom[data-atom="send-invoice"]');
  await page.waitForSelector('.edits[aria-label="send-invoice"]');
  const words = await page.locator(".edits > button").allInnerTexts();
  t.strictSame(words, ["complete", "fail"], "it runs: it can't be skipped");
  await page.click(".edits >> text=complete");
  t.strictSame((await board.get("job-1"))?.commands, [], "not yet");
  await page.fill(".sure input[aria-label=value]", "{");
  await page.click(".sure button");
  await page.waitForSelector("text=the value is no JSON");
  await page.fill(".sure input[aria-label=value]", '{"number": 7}');
  await page.fill(".sure input[aria-label=reason]", "sent by hand");
  await page.click(".sure button");
  await page.waitForSelector("text=complete send-invoice was left for its owner");
  const [left] = (await board.get("job-1"))?.commands ?? [];
  const edit = { kind: "complete", atom: "send-invoice", value: { number: 7 } } as const;
  t.match(left, { kind: "edit", edit: { ...edit, reason: "sent by hand" } });
  await engine.edit(left!.edit!);
  await ended;
  await untilState(page, "send-invoice", "SUCCESS");
  await page.click('.atom[data-atom="check-quota"]');
  await page.waitForSelector('.edits button:has-text("retry from here")');
  t.strictSame(faults, []);
});

t.test("the server goes away and comes back", { skip }, async (t) => {
  const journal = memoryJournal();
  await run(createServer({ unitMs: 0, failures: 0, bill: "works" }), { id: "kept", journal });
  const first = await serve({ journal });
  const { page } = await openPage(t, { width: 420, height: 800 });
  await page.goto(`${first.url}?flow=kept`);
  await untilState(page, "boot", "SUCCESS");
  const width = await page.evaluate<number>("document.documentElement.scrollWidth");
  t.ok(width <= 420, `a narrow window needs no sideways scrolling: ${width}`);
  await first.close();
  await page.waitForSelector("[role=alert]:has-text('server is away')");
  const second = await serve({ journal, port: first.port });
  t.teardown(() => second.close());
  await page.waitForSelector("[role=alert]", { state: "detached" });
  t.pass("it says so, and goes on");
});

t.test("10,000 flows, and a flow of 5,000 atoms, don't freeze it", { skip }, async (t) => {
  const journal = memoryJournal();
  const small = linear("small", task({ name: "only", execute: () => 1 }));
  for (let at = 0; at < 10_000; at++) await run(small, { id: `flow-${at}`, journal });
  const tasks = Array.from({ length: 5_000 }, (_, at) =>
    task({ name: `task-${at}`, execute: () => at }),
  );
  await run(unordered("large", ...tasks), { id: "large", journal });
  const inspector = await serve({ journal, lookMs: 500 });
  t.teardown(() => inspector.close());
  const { page, faults } = await openPage(t);
  // The longest that the page did not answer.
  await page.addInitScript(`
    let last = performance.now();
    window.longest = 0;
    setInterval(() => {
      const now = performance.now();
      window.longest = Math.max(window.longest, now - last);
      last = now;
    }, 10);
  `);
  await page.goto(inspector.url);
  await page.waitForSelector(".rows a.flow-row");
  for (let down = 0; down < 30; down++) {
    await page.locator(".rows").evaluate((rows) => {
      (rows as { scrollTop: number }).scrollTop += 30_000;
    });
    await page.waitForTimeout(30);
  }
  t.ok((await page.locator(".rows a.flow-row").count()) < 100, "only what is in sight is drawn");
  const list = Math.round(await page.evaluate<number>("window.longest"));
  await page.goto(`${inspector.url}?flow=large`);
  await untilState(page, "task-4999", "SUCCESS");
  await page.fill("input[type=range]", "5000");
  await untilState(page, "task-4999", "PENDING");
  const large = Math.round(await page.evaluate<number>("window.longest"));
  t.comment(`did not answer for at most ${list} ms in the list, ${large} ms in the large flow`);
  t.ok(list < 1_500 && large < 3_000, `${list} ms, ${large} ms`);
  t.strictSame(faults, []);
});
