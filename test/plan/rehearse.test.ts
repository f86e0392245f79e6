// A rehearsal against the real run: the same starts in the same order, and the same end.
import t from "tap";
import { Engine } from "../../actors/engine.ts";
import { machines } from "../../actors/machines.ts";
import { compile } from "../../lib/compile/compile.ts";
import { memoryJournal } from "../../lib/journal/memory.ts";
import { rehearse, type RehearsedStep } from "../../lib/plan/rehearse.ts";
import type { Item, Verdict } from "../../lib/types.ts";
import { untyped } from "../simulation/flows.ts";

const { task, linear, unordered, graph, link, retry } = untyped;

interface Failing {
  readonly atom: string | undefined;
  readonly verdict: Verdict;
}

/** Flows whose tasks do nothing, but for the one that fails in its first attempt; who is asked first says `verdict`. */
function flowsFor({ atom, verdict }: Failing): Item[] {
  const plain = (name: string) => {
    const execute = (_: unknown, { attempt }: { attempt: number }) => {
      if (name === atom && attempt === 1) throw new Error("imagined");
      return null;
    };
    return task({ name, execute, revert: () => null });
  };
  const controllers = () => {
    let said: Verdict = verdict;
    const onFailure = (): Verdict => {
      const now = said;
      said = "REVERT";
      return now;
    };
    return (name: string) => retry({ name, execute: () => null, onFailure });
  };
  const [alone, nested] = [controllers(), controllers()];
  return [
    linear("chain", {}, plain("a"), plain("b"), plain("c")),
    unordered("block", {}, plain("a"), plain("b"), plain("c")),
    graph(
      "net",
      { links: [link("a", "c"), link("b", "c", { decide: () => true }), link("c", "d")] },
      plain("a"),
      plain("b"),
      plain("c"),
      plain("d"),
    ),
    linear("retried", { retry: alone("r") }, plain("a"), plain("b"), plain("c")),
    linear(
      "nested",
      { retry: nested("r") },
      plain("a"),
      unordered("in", { retry: nested("inner") }, plain("b"), plain("c")),
      plain("d"),
    ),
  ];
}

/** What a real engine did, out of its journal. */
async function done(flow: Item): Promise<{ steps: RehearsedStep[]; end: unknown }> {
  const journal = memoryJournal();
  const engine = new Engine(flow, { id: "f", journal });
  await engine.run().catch(() => undefined);
  const records = (await journal.read("f")).flatMap((batch) => batch.records);
  const steps: RehearsedStep[] = [];
  for (const record of records) {
    if (record.kind === "started") {
      const { atom, attempt, direction: kind } = record;
      const ending = kind === "execute" ? "executed" : "reverted";
      const outcome = records.find(
        (other) => other.kind === ending && other.atom === atom && other.attempt === attempt,
      );
      const fails = outcome?.kind === ending && outcome.failure !== undefined;
      steps.push({ kind, atom, attempt, fails });
    } else if (record.kind === "retryDecided") {
      const { retry, atom, verdict } = record;
      steps.push({ kind: "verdict", retry, atom, verdict });
    }
  }
  return { steps, end: engine.storage.state };
}

for (const verdict of ["RETRY", "REVERT", "REVERT_ALL"] as const) {
  t.test(`a rehearsal is what the serial engine does, with ${verdict}`, async (t) => {
    for (const atom of [undefined, "a", "b", "c", "d"]) {
      for (const flow of flowsFor({ atom, verdict })) {
        const { blueprint } = compile(flow);
        const at = blueprint.atoms.findIndex(({ name }) => name === atom);
        const failing = at < 0 ? {} : { failing: at };
        const { steps, end, untouched } = rehearse(machines, blueprint, { ...failing, verdict });
        const real = await done(flow);
        t.strictSame(steps, real.steps, `${flow.name}, failing ${atom ?? "nowhere"}`);
        t.equal(end, real.end);
        const started = new Set(
          steps.flatMap((step) => (step.kind === "verdict" ? [] : [step.atom])),
        );
        t.equal(untouched.length + started.size, blueprint.atoms.length);
      }
    }
  });
}
