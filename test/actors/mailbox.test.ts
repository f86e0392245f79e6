import fc from "fast-check";
import assert from "node:assert/strict";
import t from "tap";
import { Mailbox } from "../../actors/mailbox.ts";
import { FlowError } from "../../lib/errors.ts";

t.test("messages come in the order they were put, to whom they were put", async (t) => {
  const seen: string[] = [];
  const mailbox = new Mailbox<string, number>("s", (to, message) => seen.push(`${to}${message}`));
  mailbox.put("a", 1);
  mailbox.put("b", 2);
  mailbox.put("a", 3);
  t.same(seen, ["a1", "b2", "a3"]);
  t.equal(mailbox.size, 0);
});

t.test("a message that is put during a delivery waits for its turn", async (t) => {
  const seen: string[] = [];
  const mailbox = new Mailbox<string, number>("s", (to, message) => {
    seen.push(`>${message}`);
    if (message < 3) mailbox.put(to, message + 1);
    if (message === 1) mailbox.put(to, 10);
    seen.push(`<${message}`);
  });
  mailbox.put("a", 1);
  t.same(seen, [">1", "<1", ">2", "<2", ">10", "<10", ">3", "<3"]);
});

t.test("a chain of a million answers needs no stack", async (t) => {
  let left = 1_000_000;
  const mailbox = new Mailbox<object, number>("s", (to, message) => {
    if (--left > 0) mailbox.put(to, message);
  });
  mailbox.put({}, 0);
  t.equal(left, 0);
});

t.test("of several messages put at once, none is delivered before the last is in", async (t) => {
  const sizes: number[] = [];
  const mailbox = new Mailbox<string, number>("s", () => sizes.push(mailbox.size));
  mailbox.putAll("a", [1, 2, 3]);
  t.same(sizes, [2, 1, 0]);
});

t.test("a full mailbox refuses messages, and takes what must not be refused", async (t) => {
  const seen: number[] = [];
  const errors: unknown[] = [];
  const mailbox = new Mailbox<string, number>(
    "plant",
    (to, message) => {
      seen.push(message);
      if (message !== 0) return;
      for (const next of [1, 2, 3]) {
        try {
          mailbox.put(to, next);
        } catch (error) {
          errors.push(error);
        }
      }
      mailbox.putAll(to, [4]);
    },
    2,
  );
  mailbox.put("a", 0);
  t.same(seen, [0, 1, 2, 4]);
  const [error] = errors;
  t.ok(FlowError.is(error, "MAILBOX_FULL"));
  t.match(error, {
    message: 'the mailbox of system "plant" already holds 2 messages',
    about: { system: "plant", capacity: 2 },
  });
  mailbox.put("a", 5);
  t.equal(seen.at(-1), 5, "it takes messages again");
});

t.test("a capacity that makes no sense is refused", async (t) => {
  for (const capacity of [0, -1, 1.5, Number.NaN]) {
    t.throws(() => new Mailbox("s", () => undefined, capacity), {
      code: "INVALID_OPTION",
      message: `option "capacity": expected a whole number from 1 up, got ${capacity}`,
    });
  }
});

t.test("nothing is lost or swapped however it grows and wraps round", async () => {
  // Each number says how many messages the delivery of a message puts.
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 90 }), { maxLength: 40 }), (counts) => {
      const delivered: number[] = [];
      let next = 0;
      const mailbox = new Mailbox<string, number>("s", (to, message) => {
        delivered.push(message);
        const count = counts[delivered.length - 1] ?? 0;
        for (let i = 0; i < count; i++) mailbox.put(to, next++);
      });
      mailbox.put("a", next++);
      assert.deepEqual(delivered, [...new Array(next).keys()]);
    }),
  );
});
