// How often one key is looked at, in virtual time.
import t from "tap";
import { FlowError } from "../../lib/errors.ts";
import type { Stored } from "../../lib/jobboard/store.ts";
import { KeyFollower } from "../../lib/nats/key-follower.ts";
import { VirtualClock } from "../actors/clock.ts";

const turn = async (): Promise<void> => new Promise(setImmediate);

function make(t: { teardown(fn: () => void): void }) {
  const clock = new VirtualClock();
  const told: (number | "gone")[] = [];
  const errors: Error[] = [];
  const state = { reads: 0, revision: 1, error: undefined as Error | undefined };
  const follower = new KeyFollower({
    key: "k",
    clock,
    read: async (): Promise<Stored | undefined> => {
      state.reads++;
      if (state.error !== undefined) throw state.error;
      return state.revision === 0
        ? undefined
        : { value: new Uint8Array(), revision: state.revision };
    },
    changed: ({ stored }) => told.push(stored?.revision ?? "gone"),
    ended: (error) => errors.push(error),
  });
  t.teardown(() => follower.stop());
  const pass = async (ms: number): Promise<void> => {
    for (let passed = 0; passed < ms; passed += 10) {
      clock.increment(10);
      await turn();
    }
  };
  return { clock, told, errors, state, follower, pass };
}

t.test("it looks seldom, and at once when there is a reason", async (t) => {
  const { told, state, follower, pass } = make(t);
  await follower.start();
  t.strictSame(told.splice(0), [1]);
  await pass(10_000);
  t.ok(state.reads < 15, `${state.reads} looks in 10 s`);
  t.strictSame(told, [], "nothing has changed");
  follower.hurry();
  await pass(20);
  state.revision = 2;
  await pass(50);
  t.strictSame(told.splice(0), [2], "seen soon, though it was stored a while after the reason");
  state.revision = 0;
  await pass(2_010);
  t.strictSame(told.splice(0), ["gone"], "and without a reason before long");
  follower.stop();
  state.revision = 3;
  follower.hurry();
  await pass(5_000);
  t.strictSame(told, []);
});

t.test("what is away comes back; what is over is said once", async (t) => {
  const { told, errors, state, follower, pass } = make(t);
  await follower.start();
  state.error = new FlowError("BOARD_UNAVAILABLE", { problem: "away" });
  await pass(5_000);
  state.error = undefined;
  state.revision = 2;
  await pass(2_010);
  t.strictSame(told, [1, 2]);
  t.strictSame(errors, []);
  const cause = new FlowError("TRANSPORT_CLOSED", { problem: "it was asked to" });
  state.error = new FlowError("BOARD_UNAVAILABLE", { problem: "closed" }, { cause });
  await pass(9_000);
  t.strictSame(errors, [state.error]);
});
