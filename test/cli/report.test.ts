// `fourstroke report`: one page that shows a flow, and runs and loads nothing whatever stands in it.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import t from "tap";
import { noBrowser, openBrowser } from "../inspector/browser.ts";
import { flows, fourstroke, library } from "./fourstroke.ts";

// Dozens of processes take their time on a busy machine.
t.setTimeout(400_000);

const cwd = t.testdir();

/** What would run, or break out of where it stands, if it were not escaped. */
const attack = `</title></style></pre><script>document.title="owned"</script><img src=x onerror="document.title='owned'">"'&amp;`;

t.before(async () => {
  writeFileSync(
    join(cwd, "hostile.mjs"),
    `import { linear, task, times } from "${library}";
     const attack = ${JSON.stringify(attack)};
     export default linear(attack, { retry: times(2) },
       task({ name: attack + 1, provides: attack, execute: () => ({ [attack]: attack, at: new Date(0) }) }),
       task({ name: "large", provides: "much", execute: () => "x".repeat(50_000) }),
       task({ name: "fails", execute: () => {
         throw new Error(attack, { cause: Object.assign(new Error("disk " + attack), { code: attack }) });
       } }));`,
  );
  const store = JSON.stringify({ [attack]: attack, turned: "a\u202eb", given: [1, 2] });
  writeFileSync(join(cwd, "store.json"), store);
  await fourstroke(cwd, ["run", "hostile.mjs", "--id", attack, "--store", "@store.json"]);
  await fourstroke(cwd, ["run", `${flows}#stuck`, "--id", "s"]);
});

const report = async (id: string): Promise<string> => {
  const { code, stdout } = await fourstroke(cwd, ["report", id, "--out", "report.html"]);
  t.match({ code, stdout }, { code: 0, stdout: /^report of .*: report\.html, \d+\.\d KiB\n$/ });
  return readFileSync(join(cwd, "report.html"), "utf8");
};

t.test("it says how a flow stands, and why", async (t) => {
  const page = await report("s");
  const text = page
    .replace(/<style>.*<\/style>/s, "")
    .replace(/<[^>]*>/g, " ")
    .replace(/\s+/g, " ");
  t.match(page, /<title>stuck FAILURE s<\/title>/);
  t.match(text, /it ended FAILURE at [-\d]+ [:\d]+: no capacity in any zone /);
  t.match(text, "2: 0 done, 0 under way, 1 failed, 1 undone, 0 pending");
  t.match(text, "it could not be undone: Error : can&#39;t undo it");
  t.match(text, "caused by Error : disk full (ENOSPC)");
  t.match(text, `${flows}#stuck`);
  t.match(text, /execute #1: failed, \d+ ms/, "the timeline");
  t.match(page, '<rect class="task failed"', "the graph");
  t.match(text, /\d+ \+[\d.]+ m?s ended FAILURE/, "the journal");
  const piped = await fourstroke(cwd, ["report", "s"]);
  t.match(piped.stdout, /^<!DOCTYPE html>\n/);
});

t.test("names and values are text, and long ones are cut with a word", async (t) => {
  const page = await report(attack);
  const tags = new Set([...page.matchAll(/<([a-z][a-z0-9]*)/g)].map(([, tag]) => tag));
  t.notOk(tags.has("script") || tags.has("img"), [...tags].join(" "));
  t.equal(page.match(/<\/style>/g)?.length, 1);
  t.notMatch(page, /<[^>]* onerror=/);
  t.notMatch(page, "\u202e");
  t.match(page, "&lt;script&gt;document.title=");
  t.match(page, /cut here: [\d,]+ characters more/);
  t.ok(page.length < 200_000, `${page.length} characters`);
  t.notMatch(page, /https?:\/\/(?!www\.w3\.org\/2000\/svg)/, "it refers to nothing");
});

t.test("what can't be done is refused first", async (t) => {
  t.match(await fourstroke(cwd, ["report", "q", "--out", "q.html"]), {
    code: 2,
    stderr: /no flow "q"/,
  });
  t.notOk(existsSync(join(cwd, "q.html")));
  t.match(await fourstroke(cwd, ["report", "s", "--out", "no/q.html"]), { code: 2 });
  t.match(await fourstroke(cwd, ["report", "s", "--json"]), { code: 2 });
  const { code, stdout } = await fourstroke(cwd, ["report", "s", "--out", "s.html", "--json"]);
  t.equal(code, 0);
  t.match(JSON.parse(stdout), { id: "s", file: "s.html" });
});

t.test("a browser shows it, in the light and in the dark", { skip: noBrowser }, async (t) => {
  await report(attack);
  const colours: string[] = [];
  for (const scheme of ["light", "dark"] as const) {
    const { context, close } = await openBrowser({ width: 1_200, height: 800 }, scheme);
    const page = await context.newPage();
    const heard: string[] = [];
    page.on("console", (message) => heard.push(message.text()));
    page.on("pageerror", (error) => heard.push(error.message));
    page.on("request", (request) => {
      if (!request.url().startsWith("file:")) heard.push(request.url());
    });
    await page.goto(pathToFileURL(join(cwd, "report.html")).href);
    t.strictSame(heard, [], "nothing is loaded, nothing is refused");
    t.equal(await page.title(), `${attack} REVERTED ${attack}`, "no script has run");
    const badge = page.locator("h1 .badge");
    t.equal(await badge.textContent(), "REVERTED");
    t.equal(await page.locator("script, img").count(), 0);
    t.ok((await page.locator(".bar").count()) > 6, "bars");
    t.ok((await page.locator(".drawing rect.undone").count()) >= 2, "boxes");
    colours.push(await page.evaluate<string>("getComputedStyle(document.body).backgroundColor"));
    const wide = await page.evaluate("document.documentElement.scrollWidth > innerWidth");
    t.notOk(wide, "it fits the window");
    await close();
  }
  t.strictSame(colours, ["rgb(246, 247, 249)", "rgb(14, 17, 22)"]);
});
