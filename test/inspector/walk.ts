/** Walks through every screen of one flow in a browser, and looks on each for what is to be seen there. */
import type { Page } from "playwright-core";
import type { Test } from "tap";

/** What is to be seen of a flow. */
export interface Sights {
  /** Of the inspector. */
  readonly url: string;
  readonly id: string;
  readonly state: string;
  /** Part of the sentence that says why it is not moving. */
  readonly why: string;
  /** A task that failed once and was tried again, and its controller. */
  readonly task: string;
  readonly retry: string;
  /** The task's state now, a part of one of its inputs, and of a line that it logged. */
  readonly taskState: string;
  readonly input: string;
  readonly line: string;
  readonly failure: string;
  readonly cause: string;
  /** A symbol, and a part of its value. */
  readonly symbol: string;
  readonly value: string;
}

export async function walk(t: Test, page: Page, sights: Sights): Promise<void> {
  await list(t, page, sights);
  await actor(t, page, sights);
  await panels(page, sights);
  await travel(t, page, sights);
  await keys(t, page, sights);
  await looks(t, page);
}

/** The list, and what is looked for in the address. */
async function list(t: Test, page: Page, { url, id, state, why }: Sights): Promise<void> {
  await page.goto(url);
  await page.fill("input[type=search]", id);
  await page.click(`.states button:text-is("${state}")`);
  await page.waitForSelector(`a.flow-row:has-text("${id}") .bar`);
  t.match(page.url(), new RegExp(`text=${id}&state=${state}`));
  await page.reload();
  await page.waitForSelector(`.states button[aria-pressed="true"]:text-is("${state}")`);
  await page.click(`a.flow-row:has-text("${id}")`);
  await page.waitForSelector(`.flow-head .badge[data-state="${state}"]`);
  await page.waitForSelector(`.why:has-text(${JSON.stringify(why)})`);
}

/** Graph, timeline, and the actor's state chart with its path, inputs and log. */
async function actor(t: Test, page: Page, sights: Sights): Promise<void> {
  const { task, retry, taskState, input, line } = sights;
  await page.click(`.atom[data-atom="${task}"][data-state="${taskState}"]`);
  t.match(page.url(), new RegExp(`actor=${task}`));
  await page.waitForSelector(`.state.current[data-state="${taskState}"]`);
  await page.waitForSelector(".transition.taken");
  await page.waitForSelector(`.facts:has-text("inputs"):has-text(${JSON.stringify(input)})`);
  await page.waitForSelector(`.log li:has-text("${line}")`);
  const spans = page.locator(`.timeline .line:has(.label:text-is("${task}")) .span`);
  t.match(await spans.first().getAttribute("title"), /^attempt #1: failed/);
  await page.focus(`.timeline .line:has(.label:text-is("${retry}"))`);
  await page.keyboard.press("Enter");
  await page.waitForSelector(`h2:has-text("${retry}")`);
  t.match(page.url(), new RegExp(`actor=${retry}`), "by the keyboard, too");
}

/** Values, the journal, the failure with its cause at the record that has it, and what its controller knew then. */
async function panels(page: Page, sights: Sights): Promise<void> {
  const { task, retry, failure, cause, symbol, value } = sights;
  await page.click('.tabs >> text="values"');
  await page.waitForSelector(`.facts dd:has(b:text-is("${symbol}")):has-text("${value}")`);
  await page.click(`.timeline .line:has(.label:text-is("${task}"))`);
  await page.click('.tabs >> text="journal"');
  await page.check(".only input");
  await page.click(`.record:has-text("${failure}") >> nth=0`);
  await page.waitForSelector(`.opened:has-text("${cause}")`);
  await page.click(`.tabs >> text="${task}"`);
  await page.waitForSelector(`.facts .bad:has-text("caused by"):has-text("${cause}")`);
  await page.waitForSelector(`.atom[data-atom="${task}"][data-state="FAILURE"]`);
  await page.click('.tabs >> text="journal"');
  await page.check(".only input");
  await page.click('.record:has(.kind:text-is("retryDecided")) >> nth=0');
  await page.click(`.timeline .line:has(.label:text-is("${retry}"))`);
  await page.waitForSelector(`.facts:has-text("retry history") .bad:has-text("${failure}")`);
  await page.click(`.timeline .line:has(.label:text-is("${task}"))`);
  await page.click('.tabs >> text="messages"');
  await page.waitForSelector(`.message.now:has-text("RETRY")`);
  await page.click('.tabs >> text="graph"');
}

/** Any record of the journal, and the present again. */
async function travel(t: Test, page: Page, { task, taskState }: Sights): Promise<void> {
  const place = async (): Promise<number> =>
    Number(/record (\d+)/.exec((await page.textContent(".where")) ?? "")?.[1]);
  const at = await place();
  await page.click("h1"); // the focus is on nothing
  await page.keyboard.press("[");
  await page.waitForSelector(`.where:has-text("record ${at - 1} of")`);
  await page.keyboard.press("]");
  await page.waitForSelector(`.where:has-text("record ${at} of")`);
  await page.fill("input[type=range]", "1");
  await page.waitForSelector(`.atom[data-atom="${task}"][data-state="PENDING"]`);
  t.match(page.url(), /at=1\b/);
  await page.click(".present");
  await page.waitForSelector(`.atom[data-atom="${task}"][data-state="${taskState}"]`);
  t.notMatch(page.url(), /at=/);
}

/** The drawing is moved and zoomed by keys. */
async function keys(t: Test, page: Page, { task }: Sights): Promise<void> {
  const width = async (): Promise<number> =>
    (await page.locator(`.atom[data-atom="${task}"]`).boundingBox())?.width ?? 0;
  await page.focus(".pane.graph .sheet");
  await page.keyboard.press("0");
  const before = await width();
  await page.keyboard.press("+");
  await page.keyboard.press("ArrowLeft");
  t.ok((await width()) > before, "larger");
  await page.keyboard.press("0");
  t.equal(await width(), before, "all of it again");
}

const background = (page: Page): Promise<string> =>
  page.evaluate<string>("getComputedStyle(document.body).backgroundColor");

/** Dark, light, as the system has it, and in a narrow window. */
async function looks(t: Test, page: Page): Promise<void> {
  const system = await background(page);
  const seen = new Set<string>();
  for (const theme of ["dark", "light", ""]) {
    await page.click(".theme");
    await page.waitForSelector(`html[data-theme="${theme}"]`);
    seen.add(await background(page));
  }
  t.equal(seen.size, 2, "dark is not light");
  t.equal(await background(page), system);
  const size = page.viewportSize()!;
  await page.setViewportSize({ width: 420, height: 800 });
  const scrolled = await page.evaluate<number>("document.documentElement.scrollWidth");
  t.ok(scrolled <= 420, `a narrow window needs no sideways scrolling: ${scrolled}`);
  await page.setViewportSize(size);
}
