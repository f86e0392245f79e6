import t from "tap";
import { toPromise, waitFor } from "xstate";
import { FlowError, linear, spawn, System, task } from "../../lib/index.ts";
import { systemClock } from "../../lib/system.ts";

const first = task({ name: "first", provides: "a", execute: async () => 1 });
const second = task({
  name: "second",
  requires: ["a"],
  provides: "b",
  execute: async ({ a }: { a: number }) => a + 1,
});

t.test("XState's toPromise gives a flow's results", async (t) => {
  const ref = spawn(linear("adds", first, second));
  const results = await toPromise(ref);
  t.strictSame(results, { a: 1, b: 2 });
  t.equal(ref.getSnapshot().status, "done");
  t.ok(ref.getSnapshot().matches("SUCCESS"));
});

t.test("toPromise rejects with what made the flow fail", async (t) => {
  const fails = task({
    name: "fails",
    execute: () => {
      throw new RangeError("too far");
    },
  });
  const ref = spawn(linear("fails", first, fails));
  await t.rejects(toPromise(ref), new RangeError("too far"));
  t.equal(ref.getSnapshot().value, "REVERTED");
  t.equal(ref.getSnapshot().status, "error");
});

t.test("waitFor sees the flow's states, in order", async (t) => {
  const ref = spawn(linear("states", first, second));
  // As with XState's `start`, the first state is entered before anybody can subscribe.
  t.ok(ref.getSnapshot().matches("RUNNING"));
  const seen: string[] = [];
  ref.subscribe({ next: ({ value }) => void seen.push(value) });
  await waitFor(ref, (snapshot) => snapshot.status === "done");
  t.strictSame([...new Set(seen)], ["SUCCESS"]);
});

t.test("an atom's actor shows its machine", async (t) => {
  let release: (value: number) => void = () => undefined;
  const slow = task({
    name: "slow",
    provides: "c",
    execute: () =>
      new Promise<number>((resolve) => {
        release = resolve;
      }),
  });
  const ref = spawn(linear("slow-flow", first, slow));
  await waitFor(ref, () => ref.engine.storage.state === "RUNNING");
  const atom = ref.atom("slow");
  await waitFor(atom, ({ value }) => value === "RUNNING");
  const done = waitFor(atom, ({ value }) => value === "SUCCESS");
  release(3);
  t.equal((await done).context.result, 3);
  t.throws(() => ref.atom("slwo"), {
    code: "NOT_FOUND",
    message: 'no atom "slwo"; did you mean "slow"?',
  });
});

t.test("a command is an event: suspend, cancel", async (t) => {
  const stuck = task({
    name: "stuck",
    execute: (_inputs, { signal }) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener("abort", () => {
          reject(signal.reason as Error);
        });
      }),
  });
  const ref = spawn(linear("stuck-flow", stuck), { system: new System({ clock: systemClock }) });
  const end = toPromise(ref);
  await waitFor(ref, () => ref.engine.storage.atom("stuck").state === "RUNNING");
  ref.send({ type: "cancel", reason: "enough" });
  await t.rejects(end, { code: "CANCELLED", message: 'flow "stuck-flow" was cancelled: enough' });
  t.equal(ref.engine.storage.atom("stuck").state, "REVERTED");
});

t.test("a flow with mistakes is refused before there is an actor", async (t) => {
  const twice = linear("twice", first, task({ name: "first", execute: () => 0 }));
  t.throws(() => spawn(twice), FlowError);
});
