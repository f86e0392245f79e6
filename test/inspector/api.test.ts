// What the server answers the page with.
import t from "tap";
import { linear, load, memoryJournal, run, task } from "../../lib/index.ts";
import type {
  ClusterDocument,
  FlowsDocument,
  PresentDocument,
  ProgressDocument,
  RecordsDocument,
} from "../../lib/inspector/documents.ts";
import type { Inspector } from "../../lib/inspector/server.ts";
import { fromJson, Omitted } from "../../lib/inspector/wire.ts";
import { memoryJobboard } from "../../lib/jobboard/memory.ts";
import { createServer, rest } from "./flows.ts";
import { serve } from "./serve.ts";

async function get<Answer>({ port }: Inspector, path: string, token = ""): Promise<Answer> {
  const headers = token === "" ? {} : { authorization: `Bearer ${token}` };
  const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers });
  if (!response.ok) throw new Error(`${response.status}: ${await response.text()}`);
  return (await response.json()) as Answer;
}

const quick = { unitMs: 0, failures: 0, bill: "works" } as const;

t.test("flows are listed, searched, filtered and paged", async (t) => {
  const journal = memoryJournal();
  for (let at = 0; at < 25; at++) await run(createServer(quick), { id: `server-${at}`, journal });
  const failing = { ...quick, bill: "fails" } as const;
  await run(createServer(failing), { id: "odd/../one <b>", journal }).catch(() => undefined);
  const inspector = await serve({ journal });
  t.teardown(() => inspector.close());

  const all: string[] = [];
  let before = "";
  for (
    let next: string | null = "";
    next !== null;
    before = `&before=${encodeURIComponent(next ?? "")}`
  ) {
    const page: FlowsDocument = await get(inspector, `/api/flows?limit=10${before}`);
    all.push(...page.flows.map(({ id }) => id));
    next = page.next;
  }
  t.equal(new Set(all).size, 26, "each of them once");
  const found = await get<FlowsDocument>(inspector, "/api/flows?text=ODD%2F");
  t.strictSame(
    found.flows.map(({ id, state }) => [id, state]),
    [["odd/../one <b>", "REVERTED"]],
  );
  const done = await get<FlowsDocument>(inspector, "/api/flows?state=REVERTED&state=FAILURE");
  t.equal(done.flows.length, 1);
  const paged = await get<FlowsDocument>(inspector, "/api/flows?text=server&limit=20");
  const rest = await get<FlowsDocument>(
    inspector,
    `/api/flows?text=server&limit=20&before=${paged.next}`,
  );
  t.equal(paged.flows.length + rest.flows.length, 26, "all are named create-server");

  const progress = await get<ProgressDocument>(
    inspector,
    "/api/progress?id=server-1&id=odd%2F..%2Fone%20%3Cb%3E&id=none",
  );
  t.match(progress["server-1"], { total: 10, done: 10, failed: 0 });
  t.match(progress["odd/../one <b>"], { total: 10, done: 0, undone: 9 });
  t.equal(progress["none"], null);
});

t.test("what is asked for wrongly is refused with its reason", async (t) => {
  const inspector = await serve({ journal: memoryJournal() });
  t.teardown(() => inspector.close());
  for (const [path, reason] of [
    ["/api/flows?limit=0", /^400.*limit/],
    ["/api/flows?limit=1e3", /^400/],
    ["/api/records?id=none", /^404.*none/],
    ["/api/records", /^400/],
    ["/api/records?id=a&after=-1", /^400/],
    ["/api/nothing", /^404/],
    ["/api/cluster", /^503.*jobboard/],
  ] as const) {
    await t.rejects(get(inspector, path), reason, path);
  }
});

t.test("a large value is not sent; the records around it are", async (t) => {
  const journal = memoryJournal();
  const large = task({
    name: "large",
    requires: ["list"],
    provides: "text",
    execute: () => "x".repeat(100_000),
  });
  await run(linear("big", large), {
    id: "big",
    journal,
    store: { list: new Array(50_000).fill(1) },
  });
  const inspector = await serve({ journal });
  t.teardown(() => inspector.close());
  const { batches } = await get<RecordsDocument>(inspector, "/api/records?id=big");
  t.ok(JSON.stringify(batches).length < 50_000);
  const records = batches.flatMap(
    (batch) => (fromJson(batch) as { records: readonly Record<string, unknown>[] }).records,
  );
  t.ok(records.some(({ value }) => value instanceof Omitted));
  t.ok((records[0]!["store"] as { list: unknown }).list instanceof Omitted);
});

t.test("who listens hears what changes", async (t) => {
  const journal = memoryJournal();
  const inspector = await serve({ journal });
  t.teardown(() => inspector.close());
  const response = await fetch(`${inspector.url}api/events`);
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let heard = "";
  const until = async (what: string): Promise<void> => {
    while (!heard.includes(what)) heard += (await reader.read()).value ?? "";
  };
  await until("event: hello");
  await run(createServer(quick), { id: "told", journal });
  await until('"id":"told"');
  await until('"state":"SUCCESS"');
  await journal.remove("told");
  await until('"removed":["told"]');
  await reader.cancel();
  t.pass("all was heard");
});

t.test("jobs, leases and commands", async (t) => {
  const board = memoryJobboard();
  await board.post({ id: "job-1", flow: "create-server" });
  await board.renew({ owner: "conductor-a", leaseMs: 15_000, details: { flows: 2 } });
  const journal = memoryJournal();
  const token = "a-token-of-enough-characters";
  const inspector = await serve({ journal, board, allowEdits: true, token });
  t.teardown(() => inspector.close());
  const cluster = await get<ClusterDocument>(inspector, "/api/cluster", token);
  t.match(cluster, {
    counts: { UNCLAIMED: 1, CLAIMED: 0 },
    conductors: [{ owner: "conductor-a", leaseMs: 15_000, isStalled: false }],
    jobs: [{ id: "job-1", flow: "create-server", state: "UNCLAIMED" }],
  });
  const command = (body: unknown, headers: Record<string, string> = {}) =>
    fetch(`http://127.0.0.1:${inspector.port}/api/command?id=job-1`, {
      method: "POST",
      headers: {
        authorization: `Bearer ${token}`,
        "content-type": "application/json",
        "x-fourstroke": "inspect",
        ...headers,
      },
      body: JSON.stringify(body),
    });
  t.equal((await command({ kind: "suspend", reason: "night" })).status, 200);
  t.match((await board.get("job-1"))?.commands, [{ kind: "suspend", reason: "night" }]);
  for (const wrong of [
    {},
    null,
    { kind: "explode" },
    { kind: "kill", reason: 5 },
    { kind: "kill", more: 1 },
    [],
    "kill",
  ]) {
    t.equal((await command(wrong)).status, 400, JSON.stringify(wrong));
  }
  t.equal((await board.get("job-1"))?.commands.length, 1);
});

t.test("a live flow can be read while it runs", async (t) => {
  const journal = memoryJournal();
  const engine = load(createServer({ unitMs: 1, failures: 0, bill: "hangs" }), {
    id: "live",
    journal,
  });
  engine.compile();
  await engine.prepare();
  const ended = engine.run().catch(() => undefined);
  while (
    !engine.storage
      .atoms()
      .some(({ name, state }) => name === "send-invoice" && state === "RUNNING")
  )
    await rest(1);
  const inspector = await serve({ journal, runner: (owner) => `somebody: ${owner}` });
  t.teardown(() => inspector.close());
  const first = await get<RecordsDocument>(inspector, "/api/records?id=live");
  t.ok(first.batches.length > 0 && !first.more);
  const { present } = await get<PresentDocument>(inspector, "/api/present?id=live");
  t.match(present.runner, /^somebody: /);
  engine.kill("enough");
  await ended;
  const last = fromJson(first.batches.at(-1)) as { first: number; records: unknown[] };
  const more = await get<RecordsDocument>(
    inspector,
    `/api/records?id=live&after=${last.first + last.records.length - 1}`,
  );
  t.match(JSON.stringify(more.batches), /"kill"/);
});
