/** A board as the lines of a screen: a pure function of what is known, the screen's size and the time. */
import { type Board, type Cell, isActive } from "./board.ts";
import { stateOfTally, styleOf, symbolOf } from "./look.ts";
import { duration, fit, type Paint, padEnd, plural, type Span } from "./text.ts";

export interface Screen {
  readonly columns: number;
  /** Lines that may be used. */
  readonly lines: number;
  readonly paint: Paint;
  /** It is drawn once: nothing turns. */
  readonly isStill?: boolean;
}

const stateWidth = "REVERTING".length;
const barWidth = 12;

/** Fewer lines than this show nothing that helps. */
const fewest = 4;

/** The lines of the flow, no more and no wider than the screen. */
export function render(board: Board, screen: Screen): string[] {
  const note: Span[] = board.note === "" ? [] : [["  "], [board.note, "dim"]];
  const above = note.length === 0 ? 1 : 2;
  const shown = windowOf(board, Math.max(fewest, screen.lines) - above);
  const turning = screen.isStill === true ? undefined : board.now;
  const lines = [headOf(board, turning), ...shown.map((row) => lineOf(board, row, turning))];
  const hidden = board.tree.rows.length - 1 - shown.length;
  if (hidden > 0) lines.push(restOf(board, shown, hidden));
  if (note.length > 0) lines.push(note);
  return lines.map((spans) => screen.paint(fit(spans, screen.columns)));
}

function headOf(board: Board, turning: number | undefined): Span[] {
  const { total, done, failed } = board.tally(0);
  const [first] = board.tree.rows;
  const spans: Span[] = [
    symbolOf(board.state, turning),
    [" "],
    [board.name, "bold"],
    ["  "],
    [board.state, styleOf(board.state)],
    [`  ${counted(done, total)}`],
  ];
  if (failed > 0) spans.push([`  ${failed.toLocaleString("en")} failed`, "red"]);
  if (first?.kind !== "flow") spans.push(...partsOf(board.cell(0), board.now));
  else spans.push([`  ${duration(board.now - board.startedAt)}`, "dim"]);
  spans.push([`  ${board.id}`, "dim"]);
  return spans;
}

const counted = (done: number, total: number): string =>
  `${done.toLocaleString("en")}/${total.toLocaleString("en")}`;

function lineOf(board: Board, row: number, turning: number | undefined): Span[] {
  const { kind, branch, name, atom } = board.tree.rows[row] as Board["tree"]["rows"][number];
  const { nameWidth } = board.tree;
  if (kind === "flow") {
    const tally = board.tally(row);
    const symbol = symbolOf(stateOfTally(tally), turning);
    return [
      [branch, "dim"],
      symbol,
      [" "],
      [name, "bold"],
      [`  ${counted(tally.done, tally.total)}`, "dim"],
    ];
  }
  const cell = board.cell(atom);
  const idle = cell.state === "PENDING" || cell.state === "IGNORE";
  return [
    [branch, "dim"],
    symbolOf(cell.state, turning),
    [` ${padEnd(name, nameWidth - branch.length)}`, idle ? "dim" : "plain"],
    [`  ${cell.state.padEnd(stateWidth)}`, styleOf(cell.state)],
    ...partsOf(cell, board.now),
  ];
}

/** Attempt, progress, duration, problem: what there is of them. */
function partsOf(
  { state, attempt, progress, startedAt, endedAt, problem }: Cell,
  now: number,
): Span[] {
  const spans: Span[] = [];
  if (attempt > 1) spans.push([`  #${attempt}`, "magenta"]);
  if (isActive(state) && progress > 0 && progress < 1) {
    spans.push(["  "], ...barOf(progress), [` ${Math.floor(progress * 100)} %`]);
  }
  if (startedAt !== undefined) spans.push([`  ${duration((endedAt ?? now) - startedAt)}`, "dim"]);
  if (problem !== undefined)
    spans.push([`  ${problem}`, state.endsWith("FAILURE") ? "red" : "dim"]);
  return spans;
}

function barOf(progress: number): Span[] {
  const full = Math.round(progress * barWidth);
  return [
    ["━".repeat(full), "cyan"],
    ["━".repeat(barWidth - full), "dim"],
  ];
}

function restOf(board: Board, shown: readonly number[], hidden: number): Span[] {
  let active = board.active.size;
  for (const row of shown) if (board.active.has(row)) active--;
  const more = `⋮  ${plural(hidden, "more line")}`;
  return [[active === 0 ? more : `${more}, ${active.toLocaleString("en")} under way`, "dim"]];
}

/**
 * The rows below the head that fit into so many lines. If not all do, one line is left for saying so, and shown are
 * those under way, with the flows they stand in, then those that failed, then what is around them.
 */
function windowOf(board: Board, lines: number): readonly number[] {
  const last = board.tree.rows.length - 1;
  if (last <= lines) return Array.from({ length: last }, (_, at) => at + 1);
  const room = lines - 1;
  const chosen = new Set<number>();
  const wanted = [
    ...ascending(board.active),
    ...ascending(board.failed),
    Math.max(1, board.lastRow),
  ];
  const seeds: number[] = [];
  /** Adds a row and the flows it stands in, if there is room for all of them. */
  const add = (row: number): boolean => {
    const line = ancestry(board, row).filter((above) => !chosen.has(above));
    if (chosen.size + line.length > room) return false;
    for (const above of line) chosen.add(above);
    return true;
  };
  for (const row of wanted) {
    if (!add(row)) break;
    seeds.push(row);
  }
  for (let far = 1; chosen.size < room && far <= last; far++) {
    for (const seed of seeds) {
      if (seed + far <= last) add(seed + far);
      if (seed - far > 0) add(seed - far);
    }
  }
  return ascending(chosen);
}

const ascending = (rows: ReadonlySet<number>): number[] => [...rows].sort((a, b) => a - b);

/** The row and those of the flows it stands in, without the head. */
function ancestry(board: Board, row: number): number[] {
  const line: number[] = [];
  for (let at = row; at > 0; at = board.tree.rows[at]?.parent ?? 0) line.push(at);
  return line;
}
