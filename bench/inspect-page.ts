/** What an open page is to a store: a server that reads it, and whoever asks for what has changed. Run by inspect.ts. */
import { serveInspector } from "../lib/inspector/server.ts";
import type { ChangesDocument } from "../lib/inspector/documents.ts";
import { sqliteJournal } from "../lib/index.ts";
import { systemClock } from "../lib/system.ts";

const dir = process.argv[2] ?? "";
await using inspector = await serveInspector({
  journal: sqliteJournal({ dir, durability: "process" }),
  clock: systemClock,
  source: "bench",
  version: "0.0.0",
});

const ask = async (path: string): Promise<void> => {
  await (await fetch(`${inspector.url}api/${path}`)).arrayBuffer();
};

const events = await fetch(`${inspector.url}api/events`);
process.send?.("open");
let text = "";
for await (const part of (events.body ?? new ReadableStream()).pipeThrough(
  new TextDecoderStream(),
)) {
  text += part;
  const whole = text.split("\n\n");
  text = whole.pop() ?? "";
  for (const event of whole) {
    const data = /^event: flows\ndata: (.*)$/.exec(event)?.[1];
    if (data === undefined) continue;
    const ids = (JSON.parse(data) as ChangesDocument).changed.map(({ id }) => id);
    // The list asks how far those in sight are, a flow's view for its records.
    const query = new URLSearchParams(ids.slice(0, 20).map((id): [string, string] => ["id", id]));
    await ask(`progress?${query.toString()}`);
    await ask(`records?id=${encodeURIComponent(ids[0] ?? "")}&after=0`);
  }
}
