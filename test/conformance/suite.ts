/** Runs cases and counts how they ended. */
import type { EngineKind } from "../../actors/options.ts";
import { type Difference, differences, missing } from "./compare.ts";
import type { Case, Observed } from "./scenario.ts";
import { Session, type Setup } from "./session.ts";

/** The longest that one case may take: by far more than any needs. */
export const caseLimitMs = 60_000;

/** Differences that are shown of one case. */
const shownDifferences = 5;

/** Characters that are shown of one value. */
const shownCharacters = 300;

export type Ending =
  | { readonly kind: "passed" }
  | { readonly kind: "failed"; readonly why: readonly string[] }
  | { readonly kind: "skipped"; readonly why: string };

/** Tags of what is done on purpose in another way than TaskFlow does it. */
const deviations: ReadonlySet<string> = new Set([
  "quirk:stale-failures",
  "quirk:lookup-failure-leaves-RUNNING",
  "quirk:rerun-after-revert-failure",
  "quirk:reset-of-failed-flow",
]);

/** Why a case doesn't apply to a kind of engine; undefined when it does. */
export function skipReason({ scenario, expected }: Case, engine: EngineKind): string | undefined {
  const kind = engine === "serial" ? "serial" : "parallel";
  if (scenario.engines !== undefined && !scenario.engines.includes(kind)) {
    return `only for ${scenario.engines.join(", ")}`;
  }
  return expected.tags?.find(
    // A serial engine starts one at a time, and nothing more once the flow begins to revert.
    (tag) => deviations.has(tag) || (tag === "start-all-ready-rule" && engine === "serial"),
  );
}

/** Runs one case. Never rejects: whatever goes wrong is a failure of the case. */
export async function runCase(
  test: Case,
  setup: Setup,
  limitMs: number = caseLimitMs,
): Promise<Ending> {
  const reason = skipReason(test, setup.engine);
  if (reason !== undefined) return { kind: "skipped", why: reason };
  const { observed, trouble } = await observeCase(test, setup, limitMs);
  if (trouble !== undefined) return { kind: "failed", why: [trouble] };
  const found = differences(test, observed);
  return found.length === 0 ? { kind: "passed" } : { kind: "failed", why: tell(found, observed) };
}

export interface Seen {
  readonly observed: readonly Observed[];
  /** Why there are no more steps, where the case doesn't end there. */
  readonly trouble?: string;
}

/** Takes a case's steps, for at most `limitMs`. Never rejects. */
export async function observeCase(test: Case, setup: Setup, limitMs: number): Promise<Seen> {
  const observed: Observed[] = [];
  const trouble = (what: string): Seen => ({
    observed,
    trouble: `step ${observed.length} ${what}`,
  });
  let session: Session | undefined;
  let timer: NodeJS.Timeout | undefined;
  const hang = new Promise<"hang">((resolve) => {
    timer = setTimeout(resolve, limitMs, "hang");
  });
  try {
    session = new Session(test.scenario, setup);
    const ended = await Promise.race([takeSteps(test, session, observed), hang]);
    return ended === "hang" ? trouble(`did not end in ${limitMs} ms`) : { observed };
  } catch (error) {
    return trouble(`threw ${describeError(error)}`);
  } finally {
    clearTimeout(timer);
    session?.abandon();
  }
}

async function takeSteps(test: Case, session: Session, observed: Observed[]): Promise<void> {
  for (const step of test.scenario.steps) {
    const seen = await session.step(step);
    observed.push(seen);
    if (seen.outcome.phase === "build") return;
  }
}

function tell(found: readonly Difference[], observed: readonly Observed[]): string[] {
  const lines = found.slice(0, shownDifferences).map(({ path, expected, observed: seen }) => {
    return `${path}: expected ${show(expected)}, got ${show(seen)}`;
  });
  const left = found.length - lines.length;
  if (left > 0) lines.push(`and ${left} more`);
  // An error that the case doesn't expect says most by its stack.
  for (const [step, { thrown }] of observed.entries()) {
    const isUnexpected = found.some(({ path }) => path.startsWith(`/${step}/outcome`));
    if (thrown !== undefined && isUnexpected) lines.push(`thrown: ${describeError(thrown)}`);
  }
  return lines;
}

function show(value: unknown): string {
  if (value === missing) return "nothing";
  const text = JSON.stringify(value);
  return text.length <= shownCharacters ? text : `${text.slice(0, shownCharacters)}…`;
}

function describeError(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
