// Jobs as they may be shown: details, commands that wait, reasons and refusals, without what their flows keep secret.
import { join } from "node:path";
import t from "tap";
import { linear, memoryJournal, run, task } from "../../lib/index.ts";
import type { ClusterDocument, PresentDocument } from "../../lib/inspector/documents.ts";
import type { Jobboard } from "../../lib/jobboard/jobboard.ts";
import { memoryJobboard } from "../../lib/jobboard/memory.ts";
import { redactJob } from "../../lib/jobboard/shown.ts";
import { sqliteJobboard } from "../../lib/jobboard/sqlite.ts";
import { sqliteJournal } from "../../lib/journal/sqlite.ts";
import { fourstroke } from "../cli/fourstroke.ts";
import { serve } from "../inspector/serve.ts";

const login = task({
  name: "login",
  requires: ["password"],
  provides: "ticket",
  execute: () => "ticket-0815",
});
const boot = task({ name: "boot", provides: "server", execute: () => "srv-17" });
const flow = linear("f", { secrets: ["password", "ticket"] }, login, boot);
const store = { password: "correct-horse" };

/** Whatever may be known of it. */
const secrets = /correct-horse|ticket-0815|ticket-4711|battery-staple/;

/** A job with secrets wherever a job may have words. */
async function prepare(board: Jobboard, id: string): Promise<void> {
  const details = { password: "battery-staple", note: "by correct-horse", size: 7 };
  await board.post({ id, flow: "f", store, details });
  const asked = { by: "ops", reason: "instead of ticket-0815" };
  await board.command(id, {
    kind: "edit",
    edit: { kind: "complete", atom: "login", value: "ticket-4711", ...asked },
  });
  await board.command(id, {
    kind: "edit",
    edit: { kind: "fail", atom: "boot", message: "ticket-4711 is no good" },
  });
  await board.command(id, { kind: "cancel", reason: "correct-horse leaked" });
  await board.claim(id, "c");
  await board.takeCommands(id, "c", 1, new Map([[1, "ticket-0815 is in use"]]));
  await board.abandon(id, "c", { reason: "no host takes battery-staple", isHeld: true });
  await board.command(id, {
    kind: "edit",
    edit: { kind: "complete", atom: "login", value: "ticket-4711", ...asked },
  });
}

t.test("every word of a job", async (t) => {
  const journal = memoryJournal();
  await run(flow, { id: "j", journal, store });
  const board = memoryJobboard();
  await prepare(board, "j");
  const job = (await board.get("j"))!;
  t.match(JSON.stringify(job), secrets);
  const shown = redactJob(job, await journal.read("j"));
  t.notMatch(JSON.stringify(shown), secrets);
  t.match(shown, {
    ...{ id: "j", state: job.state, revision: job.revision, reason: "no host takes [secret]" },
    details: { password: "[secret]", note: "by [secret]", size: 7 },
    refusals: [{ number: 1, why: "[secret] is in use" }],
    commands: [
      { kind: "edit", edit: { kind: "fail", message: "[secret] is no good" } },
      { kind: "cancel", reason: "[secret] leaked" },
      { edit: { value: "[secret]", by: "ops", reason: "instead of [secret]" } },
    ],
  });
  const plain = linear("g", login, boot);
  await run(plain, { id: "open", journal, store });
  t.equal(redactJob(job, await journal.read("open")), job, "nothing is declared");
  t.equal(redactJob(job, []), job, "nothing is known of it");
  const boots = {
    kind: "edit",
    edit: { kind: "complete", atom: "boot", value: "srv-18" },
  } as const;
  await board.command("j", boots);
  const next = redactJob((await board.get("j"))!, await journal.read("j"));
  t.match(next.commands.at(-1), boots, "what is no secret is shown");
  const lost = { kind: "edit", edit: { kind: "complete", atom: "gone", value: "srv-18" } } as const;
  await board.command("j", lost);
  const last = redactJob((await board.get("j"))!, await journal.read("j")).commands.at(-1);
  t.match(last, { edit: { value: "[secret]" } }, "of an atom that isn't known, anything may be");
});

t.test("on the page and in what verbs print", async (t) => {
  const cwd = t.testdir({ ".fourstroke": {} });
  const dir = join(cwd, ".fourstroke");
  await using journal = sqliteJournal({ dir });
  await using board = sqliteJobboard({ dir });
  await run(flow, { id: "j", journal, store });
  await prepare(board, "j");
  for (const args of [["jobs", "--json"], ["jobs"], ["why", "j"], ["suspend", "j", "--json"]]) {
    const { code, stdout, stderr } = await fourstroke(cwd, args);
    t.equal(code, 0, stderr);
    t.match(stdout, /j/);
    t.notMatch(stdout, secrets, args.join(" "));
  }
  const inspector = await serve({ journal, board });
  t.teardown(() => inspector.close());
  const get = async <Answer>(path: string): Promise<Answer> =>
    (await (await fetch(`${inspector.url}api/${path}`)).json()) as Answer;
  const of = { reason: "no host takes [secret]", refusals: [{ why: "[secret] is in use" }] };
  const { jobs } = await get<ClusterDocument>("cluster");
  t.match(jobs, [of]);
  const { job } = await get<PresentDocument>("present?id=j");
  t.match(job, of);
});
