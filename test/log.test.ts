// What takes lines: a function, or a logger of pino's shape; and what fourstroke's own lines hold.
import { pino } from "pino";
import t from "tap";
import { about, logOf } from "../lib/log.ts";
import { FlowError, linear, load, type Log, type Logger, task } from "../lib/index.ts";

/** A pino that writes to a list. */
function pinoTo(lines: Record<string, unknown>[]): pino.Logger {
  const write = (line: string): void => void lines.push(JSON.parse(line) as (typeof lines)[0]);
  return pino({ level: "debug", base: null, timestamp: false }, { write });
}

const { debug: debugLevel, info, warn, error: errorLevel } = pino.levels.values;

const speaks = linear(
  "speaks",
  task({
    name: "speak",
    execute: (_: object, { log }) => {
      log("plain");
      log.debug("low", { n: 1 });
      log.warn("odd", { attempt: "mine" });
      log.error("bad", { error: new TypeError("no number") });
    },
  }),
);

t.test("pino fits: a task's lines have their level, and say what they are about", async (t) => {
  const lines: Record<string, unknown>[] = [];
  const log: Logger = pinoTo(lines);
  await load(speaks, { log, id: "s" }).run();
  const of = { flow: "s", atom: "speak", direction: "execute", attempt: 1 };
  t.strictSame(lines.slice(0, 3), [
    { level: info, ...of, msg: "plain" },
    { level: debugLevel, ...of, n: 1, msg: "low" },
    { level: warn, ...of, attempt: "mine", msg: "odd" },
  ]);
  t.match(lines[3], {
    ...{ level: errorLevel, ...of, msg: "bad" },
    err: { type: "TypeError", message: "no number", stack: /log\.test/ },
  });
  t.equal(lines.length, 4);
});

t.test("pino's child loggers and the console fit too", async (t) => {
  const lines: Record<string, unknown>[] = [];
  await load(speaks, { log: pinoTo(lines).child({ service: "shop" }) }).run();
  t.match(lines[0], { service: "shop", atom: "speak", msg: "plain" });
  const fits: Logger = console;
  t.ok(logOf(fits));
});

t.test("a function gets the level behind the fields", async (t) => {
  const lines: unknown[] = [];
  const log: Log = (...line) => lines.push(line);
  await load(speaks, { log, id: "s" }).run();
  const of = { flow: "s", atom: "speak", direction: "execute", attempt: 1 };
  t.strictSame(lines.slice(0, 2), [
    ["plain", of, "info"],
    ["low", { ...of, n: 1 }, "debug"],
  ]);
  t.equal(logOf(log), log, "as it is");
});

t.test("fourstroke's own lines have levels, and an error's code to search for", async (t) => {
  const lines: Record<string, unknown>[] = [];
  const engine = load(speaks, { log: pinoTo(lines), id: "s" });
  engine.atomNotifier.on("SUCCESS", () => {
    throw new FlowError("CANCELLED", { flow: "s", reason: "tired" });
  });
  await engine.run();
  t.match(lines.at(-1), {
    ...{ level: errorLevel, flow: "s", code: "CANCELLED", msg: /^a listener failed: / },
    err: { type: "FlowError" },
  });
});

t.test(
  "without an option nothing is logged; a line's own fields go before what it is about",
  (t) => {
    t.doesNotThrow(() => {
      logOf(undefined)("nobody hears it");
    });
    const lines: unknown[] = [];
    about((...line) => lines.push(line), { a: 1, b: 1 })("m", { b: 2 }, "warn");
    t.strictSame(lines, [["m", { a: 1, b: 2 }, "warn"]]);
    t.end();
  },
);

t.test("a log that can't be read from a task's values does not stop it", async (t) => {
  const hostile = linear(
    "hostile",
    task({
      name: "odd",
      provides: "done",
      execute: (_: object, { log }) => {
        const trap = { get: () => undefined };
        Object.defineProperty(trap, "get", {
          enumerable: true,
          get: () => JSON.parse("{") as null,
        });
        log("proxy", { trap });
        log(12 as never, { deep: { self: trap } });
        log("\uD800 half a pair");
        return true;
      },
    }),
  );
  const engine = load(hostile);
  t.equal(await engine.run(), "SUCCESS");
  t.equal(engine.storage.fetch("done"), true);
});
