// Flows as a stream of bytes: what is read is what was written, or it is refused.
import { randomBytes } from "node:crypto";
import t from "tap";
import { machines } from "../../actors/machines.ts";
import { FlowError } from "../../lib/errors.ts";
import { chunkHead, chunkKinds, mark } from "../../lib/journal/archive/format.ts";
import { importFlows } from "../../lib/journal/archive/import.ts";
import { type Archived, readFlows } from "../../lib/journal/archive/read.ts";
import { writeFlow } from "../../lib/journal/archive/write.ts";
import type { Journal } from "../../lib/journal/journal.ts";
import { memoryJournal } from "../../lib/journal/memory.ts";
import { pack } from "../../lib/bytes.ts";
import type { Batch } from "../../lib/plan/records.ts";
import { begin } from "./batches.ts";

const large = randomBytes(200_000).toString("base64");

/** Two values beside the batches, one of them twice. */
function batchesOf(flow: string): Batch[] {
  const first = begin(flow);
  const more = [1, 2, 3].map((attempt): Batch => {
    return {
      writer: "w1",
      epoch: 1,
      first: 2 * attempt + 1,
      at: 1_000 + attempt,
      records: [
        { kind: "started", atom: 0, direction: "execute", attempt },
        {
          ...({ kind: "executed", atom: 0, attempt } as const),
          value: attempt === 3 ? { at: new Date(5), map: new Map([[1, 2n]]) } : { large },
        },
      ],
    };
  });
  return [first, ...more];
}

const archive = (flow: string): Buffer =>
  Buffer.concat([...writeFlow({ id: flow, name: "trip", state: "RUNNING" }, batchesOf(flow))]);

async function* pieces(bytes: Buffer, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function readAll(bytes: Buffer, size = 65_536): Promise<Archived[]> {
  const found: Archived[] = [];
  for await (const one of readFlows(pieces(bytes, size))) found.push(one);
  return found;
}

const batchesIn = (archived: readonly Archived[]): Batch[] =>
  archived.flatMap((one) => (one.kind === "batch" ? [one.batch] : []));

t.test("what is read is what was written, in whatever pieces it comes", async (t) => {
  const both = Buffer.concat([archive("one"), archive("two")]);
  for (const size of [7, 1_000, both.length]) {
    const archived = await readAll(both, size);
    const flows = archived.filter(({ kind }) => kind === "flow");
    t.match(flows, [{ flow: { id: "one", state: "RUNNING" } }, { flow: { id: "two" } }]);
    t.strictSame(batchesIn(archived), [...batchesOf("one"), ...batchesOf("two")]);
    t.match(archived.at(-1), { kind: "end", batches: 4, sequence: 8 });
  }
});

t.test("no byte can be changed, cut or left out", async (t) => {
  const small = Buffer.concat([
    ...writeFlow({ id: "s", name: "trip", state: "RUNNING" }, [begin("s")]),
  ]);
  const refused = async (bytes: Buffer): Promise<boolean> =>
    readAll(bytes).then(
      () => false,
      (error: unknown) => FlowError.is(error, "ARCHIVE_REFUSED"),
    );
  const passed: string[] = [];
  for (let at = 0; at < small.length; at++) {
    const changed = Buffer.from(small);
    changed[at] = (changed[at] ?? 0) ^ (1 << (at % 8));
    if (!(await refused(changed))) passed.push(`changed at ${at}`);
    if (!(await refused(small.subarray(0, at)))) passed.push(`cut at ${at}`);
  }
  t.strictSame(passed, []);
  t.ok(await refused(Buffer.concat([small, Buffer.from("more")])), "something follows");
  t.ok(await refused(Buffer.from("a text")), "something else");
});

t.test("chunks can't be left out, doubled, or put into another order", async (t) => {
  const whole = archive("one");
  const chunks: Buffer[] = [];
  for (let at = mark.length; at < whole.length; ) {
    const end = at + 16 + whole.readUInt32LE(at + 4);
    chunks.push(whole.subarray(at, end));
    at = end;
  }
  t.equal(chunks.length, 9, "flow, blueprint, batch, value, batch, value, batch, batch, end");
  for (let at = 0; at < chunks.length; at++) {
    const without = chunks.filter((_, place) => place !== at);
    const doubled = chunks.flatMap((chunk, place) => (place === at ? [chunk, chunk] : [chunk]));
    const swapped = [...chunks];
    const next = (at + 1) % chunks.length;
    [swapped[at], swapped[next]] = [chunks[next]!, chunks[at]!];
    for (const list of [without, doubled, swapped]) {
      await t.rejects(readAll(Buffer.concat([mark, ...list])), { code: "ARCHIVE_REFUSED" });
    }
  }
});

t.test("a newer version is told as one", async (t) => {
  const body = pack([2, "one", "trip", "RUNNING"], 0);
  const newer = Buffer.concat([mark, chunkHead(chunkKinds.flow, body), body]);
  await t.rejects(readAll(newer), {
    code: "ARCHIVE_REFUSED",
    message: /can't be read: it was written by a newer fourstroke: format 2; this one reads 1/,
  });
});

async function importAll(journal: Journal, bytes: Buffer, id?: string) {
  const imported = [];
  const flows = importFlows(journal, machines, readFlows(pieces(bytes, 65_536)), id);
  for await (const one of flows) imported.push(one);
  return imported;
}

t.test("flows come into a journal under their own ids, or another", async (t) => {
  const journal = memoryJournal();
  const bytes = archive("one");
  t.match(await importAll(journal, bytes), [{ id: "one", name: "one", records: 8 }]);
  t.strictSame(await journal.read("one"), batchesOf("one"));
  await importAll(journal, bytes, "copy");
  const [first] = await journal.read("copy");
  t.match(first?.records[0], { kind: "created", flow: "copy" });
  await t.rejects(importAll(journal, bytes), { code: "FENCED" });
  t.strictSame(await journal.read("one"), batchesOf("one"), "what is there stays");
});

t.test("a claim on another jobboard is not taken along", async (t) => {
  const journal = memoryJournal();
  const [first, ...more] = batchesOf("one");
  const [created, adopted] = first!.records;
  const claimed = {
    ...first!,
    records: [created!, { ...adopted!, claim: 12 } as typeof adopted & {}],
  };
  const flow = { id: "one", name: "trip", state: "RUNNING" };
  await importAll(journal, Buffer.concat([...writeFlow(flow, [claimed, ...more])]));
  t.strictSame((await journal.read("one"))[0]?.records[1], adopted);
});

t.test("a flow of which not all can be had is removed again", async (t) => {
  const states: string[] = [];
  const inner = memoryJournal();
  const journal = Object.assign(Object.create(inner) as Journal, {
    append: (flow: string, batch: Batch, state: string) => {
      states.push(state);
      return inner.append(flow, batch, state);
    },
  });
  const bytes = archive("one");
  await t.rejects(importAll(journal, bytes.subarray(0, bytes.length - 10)), {
    code: "ARCHIVE_REFUSED",
  });
  t.strictSame(states, ["IMPORTING", "IMPORTING", "IMPORTING"]);
  t.strictSame(await inner.list(), []);
});
