import assert from "node:assert/strict";
import fc from "fast-check";
import t from "tap";
import { FlowError } from "../../lib/errors.ts";
import { Assembler, cut, senderBytes } from "../../lib/nats/chunks.ts";
import { VirtualClock } from "../actors/clock.ts";

const sender = new Uint8Array(senderBytes).fill(1);
const other = new Uint8Array(senderBytes).fill(2);
const bytes = (length: number): Uint8Array => new Uint8Array(length).map((_, at) => at * 31);

function assembler(clock = new VirtualClock(), roomBytes = 40_000): Assembler {
  return new Assembler({ clock, maxBytes: 10_000, roomBytes, room: 3, idleMs: 1_000 });
}

/** What comes out when these go in. */
const through = (into: Assembler, frames: readonly Uint8Array[], source = "a"): unknown[] =>
  frames.map((frame): unknown => {
    try {
      return into.take(source, frame);
    } catch (error) {
      return error instanceof FlowError ? error.code : error;
    }
  });

t.test("what was cut is whole again, whatever comes between", async () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 1, maxLength: 2_000 }),
      fc.uint8Array({ minLength: 1, maxLength: 2_000 }),
      fc.integer({ min: 63, max: 400 }),
      fc.infiniteStream(fc.boolean()),
      (one, two, limit, turns) => {
        const into = assembler();
        const waiting = [cut(one, limit, sender, 7), cut(two, limit, other, 7)];
        const whole: Uint8Array[] = [];
        for (const first of turns) {
          const frame = waiting[first ? 0 : 1]!.shift() ?? waiting[first ? 1 : 0]!.shift();
          if (frame === undefined) break;
          assert(frame.byteLength <= limit);
          const body = into.take("a", frame);
          if (body !== undefined) whole.push(body);
        }
        assert.deepStrictEqual(
          new Set(whole.map((it) => Buffer.from(it).toString("hex"))),
          new Set([one, two].map((it) => Buffer.from(it).toString("hex"))),
        );
      },
    ),
  );
});

t.test("what was not cut passes", async (t) => {
  const body = Uint8Array.of(0x80);
  t.equal(assembler().take("a", body), body);
});

t.test("the same chunks by two subscriptions are two messages", async (t) => {
  const into = assembler();
  const frames = cut(bytes(150), 162, sender, 0);
  const got = frames.flatMap((frame) => [into.take("a", frame), into.take("b", frame)]);
  t.equal(got.filter((it) => it !== undefined).length, 2);
});

t.test("a message with a chunk missing never comes, and the next one does", async (t) => {
  const into = assembler();
  const [first, , third] = cut(bytes(300), 162, sender, 0);
  t.strictSame(through(into, [first!, third!, third!]), [undefined, undefined, undefined]);
  t.equal(into.lost, 2);
  t.strictSame(through(into, cut(bytes(100), 162, sender, 1)), [Buffer.from(bytes(100))]);
});

t.test("a message that begins again is begun again", async (t) => {
  const into = assembler();
  const [first, second] = cut(bytes(150), 162, sender, 0);
  const got = through(into, [first!, first!, second!]);
  t.strictSame(got, [undefined, undefined, Buffer.from(bytes(150))]);
});

t.test("what was changed on the way is refused", async (t) => {
  const [first, second] = cut(bytes(150), 162, sender, 0);
  second![80]! ^= 1;
  t.strictSame(through(assembler(), [first!, second!]), [undefined, "PAYLOAD_REFUSED"]);
});

t.test("what is larger than a message may be is refused at its first chunk", async (t) => {
  const frames = cut(bytes(10_001), 6_000, sender, 0);
  t.strictSame(through(assembler(), frames), ["PAYLOAD_REFUSED", undefined]);
});

t.test("a message that grows beyond what it said is given up", async (t) => {
  const into = assembler();
  const [first, second] = cut(bytes(150), 162, sender, 0);
  const longer = Buffer.concat([second!, bytes(100)]);
  t.strictSame(through(into, [first!, longer, second!]), [undefined, undefined, undefined]);
  t.equal(into.lost, 2);
});

t.test("incomplete messages are bounded in number, bytes and time", async (t) => {
  const clock = new VirtualClock();
  const many = assembler(clock);
  const begun = [0, 1, 2, 3].map((number) => cut(bytes(150), 162, sender, number));
  const firsts = begun.map(([first]) => first!);
  t.strictSame(through(many, firsts), [undefined, undefined, undefined, "TRANSPORT_FULL"]);
  clock.increment(1_000);
  t.equal(many.lost, 3, "they went on for too long");
  t.strictSame(through(many, begun[3]!), [undefined, Buffer.from(bytes(150))]);

  const large = assembler(clock, 240);
  const [a, b] = begun;
  t.strictSame(through(large, [a![0]!, b![0]!, b![1]!, a![1]!]), [
    undefined,
    undefined,
    "TRANSPORT_FULL",
    Buffer.from(bytes(150)),
  ]);
  large.close();
  many.close();
  clock.increment(1_000);
  t.equal(clock.pending.size, 0, "no timer is left");
});

t.test("random bytes give a message, nothing, or a typed refusal", async () => {
  const into = assembler();
  const frame = fc.oneof(
    fc.uint8Array({ minLength: 1, maxLength: 200 }),
    // Near to a chunk: the mark and the version are right.
    fc.uint8Array({ minLength: 60, maxLength: 200 }).map((it) => Uint8Array.of(0xc1, 1, ...it)),
    fc.tuple(fc.nat(3), fc.nat(150), fc.nat(255)).map(([index, at, value]) => {
      const chunk = cut(bytes(300), 162, sender, 0)[index % 3]!;
      chunk[at % chunk.byteLength] = value;
      return chunk;
    }),
  );
  fc.assert(
    fc.property(frame, (it) => {
      try {
        into.take("a", it);
      } catch (error) {
        assert(error instanceof FlowError);
      }
    }),
    { numRuns: 2_000 },
  );
});
