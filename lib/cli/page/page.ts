/** A flow's report: one HTML file that needs nothing else, no scripts and no network. */
import { createHash } from "node:crypto";
import { Player } from "../../inspector/model/player.ts";
import { spansOf } from "../../inspector/model/timeline.ts";
import { sayRecord } from "../../inspector/model/words.ts";
import type { Job } from "../../jobboard/jobboard.ts";
import { drawingStyle } from "../../statechart/export/svg.ts";
import type { Kept } from "../store.ts";
import { duration, plural, when } from "../text.ts";
import { atomsTable, badge, historiesOf } from "./atoms.ts";
import { Html, html } from "./html.ts";
import { pageStyle } from "./style.ts";
import { timelineOf } from "./timeline.ts";
import { shortened, shownValue } from "./values.ts";

export interface ReportFacts {
  readonly kept: Kept;
  readonly job: Job | undefined;
  /** Why it does not move, in a sentence. */
  readonly reason: string;
  /** The task graph, or why there is none. */
  readonly graph: Html;
  /** Epoch milliseconds. */
  readonly now: number;
  /** Of the package. */
  readonly version: string;
}

/** Records that are listed from each end; characters of one. */
const most = { records: 1_000, words: 500 } as const;

const style = `${pageStyle}${drawingStyle}\n`;

/** Nothing is loaded and nothing runs, whatever stands in names and values. */
const policy = `default-src 'none'; style-src 'sha256-${createHash("sha256").update(style).digest("base64")}'; base-uri 'none'; form-action 'none'`;

export function reportPage(facts: ReportFacts): string {
  const { kept, reason, graph, now } = facts;
  const { view, state } = kept;
  const player = new Player();
  player.add(kept.batches);
  const spans = spansOf(player.entries, player.last);
  const histories = historiesOf(kept);
  const page = html`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>${view.name} ${view.state} ${view.id}</title>
<style>${new Html(style)}</style>
</head>
<body>
<header><h1>${view.name} ${badge(view.state)}</h1><div class="id">${view.id}</div>
<p class="why">${reason}</p></header>
<main>
<section><h2>Summary</h2>${summaryOf(facts)}</section>
<section><h2>Tasks</h2>${graph}</section>
<section><h2>Timeline</h2>${timelineOf(spans, now)}</section>
<section><h2>Atoms</h2>${atomsTable(kept)}</section>
${histories === undefined ? undefined : html`<section><h2>Attempts of controllers</h2>${histories}</section>`}
<section><h2>Values</h2>${valuesOf("given", state.store)}${valuesOf("now", valuesNow(kept))}</section>
<section><h2>Journal</h2>${journalOf(player, kept)}</section>
</main>
</body>
</html>
`;
  return page.text;
}

function summaryOf({ kept, job, now, version }: ReportFacts): Html {
  const { view, batches, state } = kept;
  const begun = batches[0]?.at ?? 0;
  const changed = batches.at(-1)?.at ?? begun;
  const atoms = view.atoms();
  const count = (...states: readonly string[]): number =>
    atoms.filter((atom) => states.includes(atom.state)).length;
  const { file, export: exported, cwd, engine } = view.meta;
  const entries: readonly (readonly [string, string | undefined])[] = [
    [
      "atoms",
      `${atoms.length}: ${count("SUCCESS", "IGNORE")} done, ${count("RUNNING", "REVERTING", "RETRYING")} under way, ` +
        `${count("FAILURE", "REVERT_FAILURE")} failed, ${count("REVERTED")} undone, ${count("PENDING")} pending`,
    ],
    ["begun", when(begun)],
    ["last change", `${when(changed)}, ${duration(Math.max(0, changed - begun))} later`],
    ["journal", `${plural(view.sequence, "record")}, ${plural(view.epoch, "owner")}`],
    ["last owner", state.owner],
    ["code", file === undefined ? undefined : `${file}#${exported ?? "default"}`],
    ["ran in", cwd],
    ["engine", engine],
    ["job", job === undefined ? undefined : jobText(job)],
    ["report of", `${when(now)}, by fourstroke ${version}`],
  ];
  return html`<dl>${entries.map(([name, value]) =>
    value === undefined ? undefined : html`<dt>${name}</dt><dd>${value}</dd>\n`,
  )}</dl>`;
}

const jobText = ({ state, owner, isHeld, priority, reason }: Job): string =>
  [state, isHeld ? "held" : undefined, owner && `owned by ${owner}`, `priority ${priority}`, reason]
    .filter((part) => part !== undefined)
    .join(", ");

function valuesNow({ view, state }: Kept): Readonly<Record<string, unknown>> {
  const given = new Set(Object.keys(state.store));
  return Object.fromEntries(Object.entries(view.fetchAll()).filter(([name]) => !given.has(name)));
}

function valuesOf(title: string, values: Readonly<Record<string, unknown>>): Html | undefined {
  const entries = Object.entries(values);
  if (entries.length === 0) return undefined;
  return html`<h3>${title}</h3><dl>${entries.map(
    ([name, value]) => html`<dt><code>${name}</code></dt><dd>${shownValue(value)}</dd>\n`,
  )}</dl>`;
}

function journalOf({ entries }: Player, { state }: Kept): Html {
  const begun = entries[0]?.at ?? 0;
  const rowOf = ({ sequence, at, record }: Player["entries"][number]): Html => {
    const failed = "failure" in record && record.failure !== undefined;
    const words = shortened(sayRecord(record, state.blueprint), most.words);
    const later = duration(Math.max(0, at - begun));
    return html`<tr><td class="number">${sequence}</td><td class="number">+${later}</td><td class="${failed ? "bad" : ""}">${record.kind}</td><td>${words}</td></tr>\n`;
  };
  const left = entries.length - 2 * most.records;
  const rows =
    left <= 0
      ? entries.map(rowOf)
      : [
          ...entries.slice(0, most.records).map(rowOf),
          html`<tr><td colspan="4" class="dim">${left} records are left out here; "fourstroke history" has all of them</td></tr>\n`,
          ...entries.slice(-most.records).map(rowOf),
        ];
  return html`<details><summary>${plural(entries.length, "record")}</summary><div class="wide"><table>
<thead><tr><th>#</th><th>Time</th><th>Record</th><th></th></tr></thead><tbody>
${rows}</tbody></table></div></details>`;
}
