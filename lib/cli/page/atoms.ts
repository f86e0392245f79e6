/** A flow's tasks and controllers as a table, in the order of the blueprint; what controllers have tried. */
import type { AtomView } from "../../plan/view.ts";
import type { Kept } from "../store.ts";
import { duration } from "../text.ts";
import { type Times, timesOf } from "../times.ts";
import { treeOf } from "../tree.ts";
import { html, type Html } from "./html.ts";
import { shownFailure, shownValue } from "./values.ts";

/** Rows of the table; attempts of one controller. */
const most = { rows: 2_000, attempts: 200 } as const;

export const badge = (state: string): Html =>
  html`<span class="badge ${state}">${state.replace("_", " ")}</span>`;

export function atomsTable({ view, state, batches }: Kept): Html {
  const { rows } = treeOf(state.blueprint);
  const atoms = view.atoms();
  const times = timesOf(batches);
  const shown = rows.slice(0, most.rows);
  const left = rows.length - shown.length;
  const retired = atoms.slice(state.blueprint.atoms.length);
  return html`<div class="wide"><table>
<thead><tr><th>Atom</th><th>Kind</th><th>State</th><th>Attempts</th><th>Duration</th><th>Value or failure</th></tr></thead>
<tbody>
${shown.map(({ branch, name, atom }) => {
  const it = atoms[atom];
  const title = html`<td class="name">${branch}${it?.name ?? name}</td>`;
  if (it === undefined)
    return html`<tr>${title}<td>flow</td><td></td><td></td><td></td><td></td></tr>\n`;
  return html`<tr>${title}${cellsOf(it, times.get(it.name))}</tr>\n`;
})}${retired.map(
  (it) =>
    html`<tr><td class="name">${it.name} (not declared any more)</td>${cellsOf(it, times.get(it.name))}</tr>\n`,
)}</tbody></table></div>${
    left === 0 ? undefined : html`<p class="dim">${left} more rows are left out.</p>`
  }`;
}

function cellsOf(atom: AtomView, times: Times | undefined): Html {
  const { kind, state, attempt, reverts, progress, result, failure, revertFailure } = atom;
  const { startedAt, endedAt } = times ?? {};
  const lasted =
    startedAt === undefined || endedAt === undefined ? "" : duration(endedAt - startedAt);
  const undone = reverts === 0 ? "" : `, undone ${reverts}×`;
  const part = progress > 0 && progress < 1 ? ` ${Math.floor(progress * 100)} %` : "";
  return html`<td>${kind}</td><td class="number">${badge(state)}${part}</td><td class="number">${attempt}${undone}</td><td class="number">${lasted}</td><td>${
    result === undefined || result === null ? undefined : shownValue(result)
  }${failure === undefined ? undefined : shownFailure(failure)}${
    revertFailure === undefined
      ? undefined
      : html`<div class="dim">it could not be undone:</div>${shownFailure(revertFailure)}`
  }</td>`;
}

/** Undefined: nothing was tried again. */
export function historiesOf({ view }: Kept): Html | undefined {
  const controllers = view.atoms().filter(({ history }) => (history?.length ?? 0) > 0);
  if (controllers.length === 0) return undefined;
  return html`${controllers.map(({ name, history = [] }) => {
    const shown = history.slice(-most.attempts);
    const first = history.length - shown.length;
    return html`<h3>${name}</h3>${
      first === 0
        ? undefined
        : html`<p class="dim">the last ${shown.length} of ${history.length}</p>`
    }<ol start="${first + 1}">${shown.map(
      ({ value, failures }) =>
        html`<li>${value === undefined ? undefined : html`with ${shownValue(value)}`}${Object.entries(
          failures,
        ).map(([atom, failure]) => html`<div>${atom}: ${shownFailure(failure)}</div>`)}</li>`,
    )}</ol>`;
  })}`;
}
