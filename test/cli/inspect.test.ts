// `fourstroke inspect`: serves what a folder has until a signal comes.
import t from "tap";
import type {
  FlowsDocument,
  PresentDocument,
  RecordsDocument,
} from "../../lib/inspector/documents.ts";
import { linear, run, sqliteJournal, task } from "../../lib/index.ts";
import { fourstroke, start } from "./fourstroke.ts";

async function get<Answer>(url: string): Promise<Answer> {
  return (await (await fetch(url)).json()) as Answer;
}

t.test("serves the folder's flows, and ends when it is told to", async (t) => {
  const dir = t.testdir();
  const journal = sqliteJournal({ dir });
  await run(linear("demo", task({ name: "one", execute: () => 1 })), { id: "demo-1", journal });
  const inspector = start(dir, ["inspect", "--dir", dir, "--port", "0"]);
  await inspector.until("it listens", () => inspector.stdout.includes("\n"));
  const url = /http:\S+/.exec(inspector.stdout)?.[0] ?? "";
  t.match(url, /^http:\/\/127\.0\.0\.1:\d+\/$/);
  t.match(await (await fetch(url)).text(), /<div id="page">/, "the page is built");
  const { flows } = await get<FlowsDocument>(`${url}api/flows`);
  t.match(flows, [{ id: "demo-1", state: "SUCCESS" }]);
  const { batches } = await get<RecordsDocument>(`${url}api/records?id=demo-1`);
  t.ok(batches.length > 0);
  const { job, present } = await get<PresentDocument>(`${url}api/present?id=demo-1`);
  t.equal(job, null, "there is no board, and looking makes none");
  t.match(present, { place: ` --dir ${dir}` });
  inspector.child.kill("SIGTERM");
  t.equal((await inspector.ended).code, 0);
  await journal.close();
});

t.test("mistakes are told", async (t) => {
  const dir = t.testdir();
  for (const args of [
    ["--port", "70000"],
    ["--token", "short"],
    ["--dir", `${dir}/none`],
  ]) {
    const { code, stderr } = await fourstroke(dir, [
      "inspect",
      "--dir",
      dir,
      "--port",
      "0",
      ...args,
    ]);
    t.ok(code === 2 || code === 8, `${args.join(" ")}: ${code}`);
    t.match(stderr, /^error: /);
  }
});
