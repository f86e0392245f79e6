// The cluster on the page, with a real server, conductors and workers: who is there, what is done, and commands.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import type {
  ClusterDocument,
  FlowsDocument,
  RecordsDocument,
} from "../../lib/inspector/documents.ts";
import { fourstroke, openGate, ranIn } from "../cli/fourstroke.ts";
import { install, type Role, skip as noInstallation } from "../nats/installation.ts";
import { noServer, startServer, until } from "../nats/server.ts";
import { noBrowser } from "./browser.ts";
import { TestCluster } from "./cluster.ts";
import { openPage } from "./open-page.ts";

t.setTimeout(180_000);

const skip = noBrowser === false ? noServer : noBrowser;

t.test("who is there, what they do, suspended and resumed by the page", { skip }, async (t) => {
  const server = await startServer(t);
  const cluster = new TestCluster(t.testdir(), ["--nats", server.url]);
  t.teardown(() => cluster.close());
  const lease = ["--lease-ms", "2000"];
  const one = await cluster.stay("conductor", "one", ...lease);
  await cluster.stay("conductor", "two", ...lease);
  const work = await cluster.stay("node", "work", "--concurrency", "3");
  await cluster.post("gated", "g");
  await cluster.post("sums", "s", { a: 1, b: 2 });
  await cluster.post("unknown", "u");
  await work.it.until("it runs", () => ranIn(work.folder).includes("held"));

  const { page, faults } = await openPage(t);
  page.setDefaultTimeout(40_000);
  await page.goto(await cluster.inspect("--allow-edits"));
  await page.waitForSelector("text=edits allowed");
  await page.click("nav >> text=Cluster");
  for (const name of ["one", "two"]) {
    await page.waitForSelector(`tr:has(td.id:has-text("${name}.")):has(td:text-is("up"))`);
  }
  const worker = 'tr:has(td.id:has-text("work."))';
  await page.waitForSelector(`${worker}:has(td:text-is("worker")):has(td:text-is("1 of 3"))`);
  await page.waitForSelector(`${worker}:has-text("held")`);
  for (const [state, id] of [
    ["CLAIMED", "g"],
    ["COMPLETE", "s"],
    ["UNCLAIMED", "u"],
  ]) {
    await page.waitForSelector(`tr:has(.badge[data-state="${state}"]):has(a:text-is("${id}"))`);
    await page.waitForSelector(`.tile:has(.badge[data-state="${state}"]):has(strong:text-is("1"))`);
  }

  await page.click('a:text-is("g")');
  await page.waitForSelector('.why:has-text("\\"held\\" has been running on worker work.")');
  await page.waitForSelector('.atom[data-atom="held"][data-state="RUNNING"]');
  const press = async (kind: string): Promise<void> => {
    await page.click(`.hands button:text-is("${kind}")`);
    await page.click(".sure button");
  };
  await press("suspend");
  await page.waitForSelector('.flow-head .badge[data-state="SUSPENDING"]');
  openGate(work.folder);
  await page.waitForSelector('.flow-head .badge[data-state="SUSPENDED"]');
  await page.waitForSelector('.atom[data-atom="held"][data-state="SUCCESS"]');
  await page.waitForSelector('.atom[data-atom="last"][data-state="PENDING"]');
  t.notOk(ranIn(work.folder).includes("last"), "nothing new starts");
  await page.waitForSelector('.hands button:text-is("resume"):not([disabled])');
  await press("resume");
  await page.waitForSelector('.flow-head .badge[data-state="SUCCESS"]');
  t.ok(ranIn(work.folder).includes("last"));

  one.it.signal("SIGKILL");
  await one.it.ended;
  await page.click("nav >> text=Cluster");
  // A page that is not there yet shows no dead ones either.
  await page.waitForSelector('tr:has(td.id:has-text("two.")):has(td:text-is("up"))');
  const dead = 'tr:has(td.id:has-text("one."))';
  await Promise.race([
    page.waitForSelector(`${dead}:has(td:text-is("silent"))`),
    page.waitForSelector(dead, { state: "detached" }),
  ]);
  t.strictSame(faults, []);

  // Who is there is the same for all, once the other one has taken the dead one's lease away.
  await page.waitForSelector(dead, { state: "detached" });
  // Nobody has begun it: it has no journal.
  await page.click('a:text-is("u")');
  await page.waitForSelector('.why.stuck:has-text("no conductor has the flow")');
  const { stdout } = await fourstroke(cluster.cwd, ["why", "u", ...cluster.nats]);
  t.equal(stdout, `u: ${await page.textContent(".why")}\n`, "as the command line says it");
});

t.test(
  "an inspector sees everything, an operator may edit, too",
  { skip: noInstallation },
  async (t) => {
    const { seeds, ca, server } = await install(t);
    const cwd = t.testdir({ "ca.pem": ca });
    const as = (role: Role): TestCluster => {
      writeFileSync(join(cwd, role), seeds[role]);
      const secrets = ["--seed-file", join(cwd, role), "--tls-ca", join(cwd, "ca.pem")];
      const cluster = new TestCluster(cwd, ["--nats", server.url, ...secrets]);
      t.teardown(() => cluster.close());
      return cluster;
    };
    await as("engine").stay("conductor", "c", "--engine", "serial");
    await as("client").post("failing", "f");
    const url = await as("inspector").inspect();
    const get = async <Answer>(path: string): Promise<Answer> =>
      (await (await fetch(`${url}api/${path}`)).json()) as Answer;
    await until("its end is seen", async () => {
      const { flows } = await get<FlowsDocument>("flows");
      return flows[0]?.state === "REVERTED";
    });
    const { conductors, jobs } = await get<ClusterDocument>("cluster");
    t.match(conductors, [{ owner: /^c\./, isStalled: false }]);
    t.match(jobs, [{ id: "f", state: "COMPLETE", end: "REVERTED" }]);

    // Edits take an operator's credentials; an inspector's are for looking only, and the page says so.
    const command = async (role: Role): Promise<readonly [number, unknown]> => {
      const edits = new URL(await as(role).inspect("--allow-edits"));
      const headers = {
        authorization: `Bearer ${edits.searchParams.get("token")}`,
        "content-type": "application/json",
        "x-fourstroke": "inspect",
      };
      const body = { kind: "edit", edit: { kind: "retryFrom", atoms: ["first"], by: role } };
      const asked = { method: "POST", headers, body: JSON.stringify(body) };
      const response = await fetch(new URL("/api/command?id=f", edits), asked);
      return [response.status, await response.json()];
    };
    t.match(await command("inspector"), [
      403,
      { error: { code: "FORBIDDEN", message: /for looking only$/ } },
    ]);
    t.match(await command("operator"), [200, { number: 1, job: { state: "UNCLAIMED" } }]);
    await until("the owner has done it", async () => {
      const { batches } = await get<RecordsDocument>("records?id=f");
      return JSON.stringify(batches).includes('"by":"operator"');
    });
  },
);
