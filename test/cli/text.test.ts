// Small things that the screens are made of.
import t from "tap";
import { livingOwner, ownerName } from "../../lib/cli/owner.ts";
import { jsonable } from "../../lib/jsonable.ts";
import { cut, duration, linesOf, oneLine, quoted, wantsColours } from "../../lib/cli/text.ts";

t.test("durations have two units at most", async (t) => {
  const cases = [
    [-5, "0 ms"],
    [0.4, "0 ms"],
    [999, "999 ms"],
    [1_000, "1.0 s"],
    [59_940, "59.9 s"],
    [59_990, "1 min 0 s"],
    [3_599_000, "59 min 59 s"],
    [3_600_000, "1 h 0 min"],
    [86_340_000, "23 h 59 min"],
    [90_000_000, "1 d 1 h"],
  ] as const;
  for (const [ms, text] of cases) t.equal(duration(ms), text);
});

t.test("FORCE_COLOR goes before NO_COLOR, and both before the terminal", async (t) => {
  const tty = { isTTY: true };
  const cases = [
    [tty, {}, true, "a terminal has colours"],
    [{}, {}, false, "a pipe has none"],
    [tty, { TERM: "dumb" }, false, "nor has a dumb terminal"],
    [tty, { NO_COLOR: "1" }, false, "nor one that was told so"],
    [tty, { NO_COLOR: "" }, true, "an empty NO_COLOR says nothing"],
    [{}, { FORCE_COLOR: "1" }, true, "a pipe can be made to"],
    [{}, { FORCE_COLOR: "" }, true, "as Node takes it"],
    [tty, { FORCE_COLOR: "0" }, false, "zero forces none"],
    [{}, { FORCE_COLOR: "1", NO_COLOR: "1" }, true, "as in Node"],
  ] as const;
  for (const [stream, env, wants, because] of cases) {
    t.equal(wantsColours(stream, env), wants, because);
  }
});

t.test("a text is cut with an ellipsis, and only where it must be", async (t) => {
  t.equal(cut("abcdef", 6), "abcdef");
  t.equal(cut("abcdef", 5), "abcd…");
  t.equal(cut("日本語", 5), "日本…");
});

t.test("what a terminal would act on is taken out of users' texts", async (t) => {
  t.equal(oneLine("a\u001b[31m\r\nb\u009b2Jc\u2028d"), "a [31m b 2Jc d");
  t.strictSame(linesOf("a\r\nb\u0007\n\tc"), ["a", "b", " c"]);
});

t.test("a word is quoted where a shell would take it apart", async (t) => {
  t.equal(quoted("server-17"), "server-17");
  t.equal(quoted("it's mine"), "'it'\\''s mine'");
  t.equal(quoted(""), "''");
});

t.test("values that JSON doesn't have are said in its own", async (t) => {
  t.strictSame(
    jsonable({
      nothing: undefined,
      no: Number.NaN,
      big: 2n ** 70n,
      at: new Date(0),
      never: new Date(Number.NaN),
      map: new Map([["k", new Set([1])]]),
      bytes: new Uint8Array([1, 2, 3]),
      floats: new Float64Array([0.5, Infinity]),
      list: [undefined, [1n]],
    }),
    {
      nothing: null,
      no: null,
      big: "1180591620717411303424",
      at: "1970-01-01T00:00:00.000Z",
      never: null,
      map: [["k", [1]]],
      bytes: "AQID",
      floats: [0.5, null],
      list: [null, ["1"]],
    },
  );
  t.ok(Object.hasOwn(jsonable(JSON.parse('{"__proto__": 1}')) as object, "__proto__"));
});

t.test("an owner lives while its process does", async (t) => {
  const mine = ownerName();
  t.equal(livingOwner(mine), undefined, "this process is no other one");
  const parent = mine.replace(`:${process.pid}:`, `:${process.ppid}:`);
  const unborn = parent.replace(/:[^:]*$/, ":");
  t.equal(livingOwner(unborn), `process ${process.ppid}`);
  t.equal(livingOwner(unborn.replace(/^cli:[^:]*/, "cli:elsewhere")), undefined, "another machine");
  t.equal(livingOwner("01a20cc4-fce8"), undefined, "not one of ours");
  t.equal(
    livingOwner(mine.replace(`:${process.pid}:`, ":999999999:")),
    undefined,
    "no such process",
  );
  if (process.platform === "linux") {
    t.equal(livingOwner(`${unborn}0-0`), undefined, "its number, but born at another time");
  }
});
