// Every screen and every command on a cluster: a real server, a conductor and a worker. What is asked for on the page is
// done by the owner of the flow, and stands in its journal; what it refuses is said where it was asked for.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Page, Route } from "playwright-core";
import t from "tap";
import { ranIn } from "../cli/fourstroke.ts";
import { noServer, startServer, until } from "../nats/server.ts";
import { noBrowser } from "./browser.ts";
import { type Member, TestCluster } from "./cluster.ts";
import { openPage } from "./open-page.ts";
import { walk } from "./walk.ts";

t.setTimeout(180_000);

const skip = noBrowser === false ? noServer : noBrowser;

/** A person at the page of one flow. */
class Hands {
  readonly page: Page;
  readonly #worker: Member;

  constructor(page: Page, worker: Member) {
    this.page = page;
    this.#worker = worker;
  }

  /** Lets a task of the worker go on. */
  open(gate: string): void {
    writeFileSync(join(this.#worker.folder, gate), "");
  }

  async untilRan(task: string, times = 1): Promise<void> {
    const count = () => ranIn(this.#worker.folder).filter((line) => line === task).length;
    await until(`${task} ran ${times} times`, () => count() >= times);
  }

  /** The flow itself, and no actor. */
  async selectFlow(): Promise<void> {
    await this.page.click(".timeline .line.selected");
    await this.page.waitForSelector('.edits[aria-label="the flow"]');
  }

  async select(atom: string): Promise<void> {
    await this.page.click(`.timeline .line:not(.selected):has(.label:text-is("${atom}"))`);
    await this.page.waitForSelector(`.timeline .line.selected:has(.label:text-is("${atom}"))`);
  }

  /** Chooses a command, and says what it asks for; the second answer is not given yet. */
  async choose(word: string, written: Readonly<Record<string, string>> = {}): Promise<void> {
    await this.page.click(`.hands > button:text-is("${word}")`);
    for (const [name, text] of Object.entries(written)) {
      await this.page.fill(`.sure input[aria-label="${name}"]`, text);
    }
  }

  async press(word: string, written: Readonly<Record<string, string>> = {}): Promise<void> {
    await this.choose(word, written);
    await this.page.click(".sure button");
  }

  async untilAnswer(kind: "taken" | "refused", words: string): Promise<void> {
    const shown = JSON.stringify(words);
    await this.page.waitForSelector(`.answers [data-answer="${kind}"]:has-text(${shown})`);
  }

  async untilState(atom: string, state: string): Promise<void> {
    await this.page.waitForSelector(`.atom[data-atom="${atom}"][data-state="${state}"]`);
  }

  /** Of the flow. */
  async untilFlow(state: string): Promise<void> {
    await this.page.waitForSelector(`.flow-head .badge[data-state="${state}"]`);
  }

  /** What a record of that kind says, one of the last. */
  async inJournal(kind: string, what: string): Promise<void> {
    await this.page.click('.tabs >> text="journal"');
    const words = JSON.stringify(what);
    await this.page.waitForSelector(`.record:has(.kind:text-is("${kind}")):has-text(${words})`);
    await this.page.click(".tabs a >> nth=2"); // the actor, or the flow
  }
}

t.test("every screen and every command, carried out by the owner", { skip }, async (t) => {
  const server = await startServer(t);
  const file = join(import.meta.dirname, "fixtures/served.js");
  const cluster = new TestCluster(t.testdir(), ["--nats", server.url], file);
  t.teardown(() => cluster.close());
  await cluster.stay("conductor", "one");
  const worker = await cluster.stay("node", "work");
  await cluster.post("served", "dinner", { order: 7 });
  const { page, faults } = await openPage(t);
  page.setDefaultTimeout(20_000);
  const url = await cluster.inspect("--allow-edits");
  await page.goto(url);
  await page.click("nav >> text=Cluster");
  const says = /runs 1 of at most \d+ flows, on engine workers; has served/;
  await page.locator("tr", { hasText: says }).waitFor();
  await page.click('a:text-is("dinner")');
  const hands = new Hands(page, worker);

  await t.test("retry now, skip, complete: by whom, and why", async (t) => {
    await page.waitForSelector('.why:has-text("waits")');
    await hands.select("again");
    await hands.press("retry now", { reason: "it is warm now" });
    await hands.untilAnswer("taken", "retry now again was taken by its owner");
    await hands.untilState("oven", "SUCCESS");
    await hands.untilState("first-gate", "RUNNING");
    await hands.inJournal("edited", "retryNow again (the inspector's page: it is warm now)");
    await hands.select("garnish");
    await hands.press("skip");
    await hands.untilState("garnish", "IGNORE");
    await hands.inJournal("edited", "skip garnish");
    await hands.select("first-gate");
    t.equal(await page.locator('.hands button:text-is("skip")').count(), 0, "it runs");
    await hands.press("complete", { value: '{"by": "hand"}' });
    await hands.untilState("first-gate", "SUCCESS");
    await page.waitForSelector('.facts pre:has-text("by")');
    await hands.inJournal("edited", "complete first-gate");
    t.notOk(ranIn(worker.folder).includes("garnish"));
  });

  await t.test("every screen", async (t) => {
    await walk(t, page, {
      ...{ url, id: "dinner", state: "RUNNING", why: '"second-gate" has been running' },
      ...{ task: "oven", retry: "again", taskState: "SUCCESS", input: "pieces" },
      ...{ failure: "the oven is cold", cause: "20 °C", symbol: "order", value: "7" },
      line: "putting it in",
    });
  });

  await t.test("what the owner refuses is said where it was asked for", async () => {
    await hands.select("second-gate");
    await hands.choose("fail", { message: "it smells" });
    // The page doesn't hear that the task ends before it is told to fail.
    const held: Route[] = [];
    let isHeld = true;
    await page.route("**/api/records*", async (route) => {
      if (isHeld) held.push(route);
      else await route.continue();
    });
    hands.open("second-gate");
    await hands.untilRan("third-gate");
    await page.click(".sure button");
    await page.waitForSelector(".answers li");
    isHeld = false;
    for (const route of held) await route.continue();
    await hands.untilAnswer("refused", "fail second-gate was refused: it is SUCCESS");
  });

  await t.test("park, and go on", async () => {
    await hands.selectFlow();
    await hands.press("park", { reason: "the guests are late" });
    hands.open("third-gate");
    await hands.untilFlow("PARKED");
    await page.waitForSelector('.why:has-text("the guests are late")');
    await hands.inJournal("parked", "the guests are late");
    await page.waitForSelector('.hands button:text-is("resume"):not([disabled])');
    await hands.press("resume");
    await hands.untilState("last-gate", "RUNNING");
  });

  await t.test("fail, retry from here, suspend, resume, cancel", async () => {
    await hands.select("last-gate");
    await hands.press("fail", { message: "burnt" });
    await hands.untilFlow("REVERTED");
    await page.waitForSelector('.why:has-text("burnt")');
    await hands.inJournal("edited", "fail last-gate → burnt");
    await hands.select("plan");
    await hands.press("retry from here", { reason: "another cake" });
    await hands.untilState("first-gate", "RUNNING");
    await hands.inJournal("edited", "retryFrom plan (the inspector's page: another cake)");
    await hands.press("suspend");
    await hands.untilFlow("SUSPENDING");
    hands.open("first-gate");
    await hands.untilFlow("SUSPENDED");
    await hands.press("resume");
    await hands.untilState("last-gate", "RUNNING");
    await hands.press("cancel", { reason: "nobody came" });
    await hands.untilAnswer("taken", "cancel was taken by its owner");
    await hands.untilFlow("REVERTED");
    await hands.inJournal("cancel", "nobody came");
  });

  await t.test("kill, and what the cluster's screen says of it", async () => {
    await cluster.post("served", "supper", { order: 8 });
    await page.goto(new URL("/?flow=supper", url).href);
    await hands.untilState("last-gate", "RUNNING");
    await hands.press("kill");
    await hands.untilFlow("FAILURE");
    await page.click("nav >> text=Cluster");
    const of = (id: string) => `tr:has(.badge[data-state="COMPLETE"]):has(a:text-is("${id}"))`;
    await page.waitForSelector(`${of("supper")}:has-text("FAILURE")`);
    await page.waitForSelector(`${of("dinner")}:has-text("edit refused: it is SUCCESS")`);
  });
  t.strictSame(faults, []);
});
