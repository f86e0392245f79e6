// A flow whose process is killed while it is watched: the page says so, and goes on when the flow does.
import { join } from "node:path";
import t from "tap";
import { flows, fourstroke, openGate, start } from "../cli/fourstroke.ts";
import { noBrowser } from "./browser.ts";
import { openPage } from "./open-page.ts";

t.setTimeout(120_000);

t.test("its process is killed, and it is resumed", { skip: noBrowser }, async (t) => {
  const cwd = t.testdir();
  const first = start(cwd, ["run", `${flows}#gated`, "--id", "g"]);
  t.teardown(() => {
    first.signal("SIGKILL");
  });
  await first.untilRan("held");
  const dir = join(cwd, ".fourstroke");
  const serve = ["inspect", "--dir", dir, "--port"];
  const inspector = start(cwd, [...serve, "0"]);
  await inspector.until("it listens", () => inspector.stdout.includes("\n"));
  const url = /http:\S+/.exec(inspector.stdout)?.[0] ?? "";
  const { page } = await openPage(t);
  page.setDefaultTimeout(40_000);
  await page.goto(`${url}?flow=g&drawing=messages`);
  const runs = (pid: number | undefined): string =>
    `.why:has-text('"held" has been running in process ${String(pid)} for')`;
  await page.waitForSelector(runs(first.child.pid));

  first.signal("SIGKILL");
  await first.ended;
  await page.waitForSelector(`.why.stuck:has-text("its process ${first.child.pid} is gone")`);
  const why = await page.textContent(".why");
  t.equal(
    why,
    `its process ${first.child.pid} is gone, and left "held" running; "fourstroke resume g --dir ${dir}" goes on with it`,
  );
  const said = await fourstroke(cwd, ["why", "g", "--dir", dir]);
  t.equal(said.stdout, `g: ${why}\n`, "as the command line says it");
  const drawn = await page.locator(".timeline .span").last().getAttribute("title");
  await page.waitForTimeout(600);
  const later = await page.locator(".timeline .span").last().getAttribute("title");
  t.equal(later, drawn, "no time passes for what does not run");

  const second = start(cwd, ["resume", "g"]);
  t.teardown(() => {
    second.signal("SIGKILL");
  });
  await page.waitForSelector(runs(second.child.pid));
  await page.waitForSelector('.arrow[title$="adopts, epoch 2"]');

  // The server that shows it is killed, too, and another one takes its place.
  inspector.signal("SIGKILL");
  await inspector.ended;
  await page.waitForSelector("[role=alert]:has-text('the inspector\\'s server is away')");
  const other = start(cwd, [...serve, new URL(url).port]);
  t.teardown(() => {
    other.signal("SIGKILL");
  });
  await page.waitForSelector("[role=alert]", { state: "detached" });

  openGate(cwd);
  t.equal((await second.ended).code, 0);
  await page.waitForSelector('.flow-head .badge[data-state="SUCCESS"]');
  await page.waitForSelector('.why[data-code="ENDED"]:has-text("it ended SUCCESS at ")');
  await page.waitForSelector('.arrow[title="flow → outside: SUCCESS"]');
});
