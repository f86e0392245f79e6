// A journal as messages between lifelines: each record is told, from whom it came, to whom it went.
import t from "tap";
import { linear, load, memoryJournal, task, unordered } from "../../lib/index.ts";
import { Player } from "../../lib/inspector/model/player.ts";
import {
  atomOf,
  type Conversation,
  conversationOf,
  lifelinesOf,
} from "../../lib/inspector/model/sequence.ts";
import type { FlowRecord } from "../../lib/plan/records.ts";
import type { Item } from "../../lib/types.ts";
import { createServer } from "./flows.ts";
import { workedMs } from "../worked.ts";

async function played(flow: Item) {
  const journal = memoryJournal();
  await load(flow as never, { id: "f", journal, owner: "me", engine: "parallel" })
    .run()
    .catch(() => undefined);
  const player = new Player();
  player.add(await journal.read("f"));
  const conversation = conversationOf(player.entries);
  const { blueprint } = player.moment(player.last)!.state;
  return { player, conversation, blueprint, said: saidIn(conversation) };
}

const saidIn = ({ messages }: Conversation): string[] =>
  messages.map(({ from, to, label }) => `${from} > ${to}: ${label}`);

t.test("a retried, failed and undone flow, message by message", async (t) => {
  const pace = { unitMs: 1, failures: 1, bill: "fails" } as const;
  const { player, conversation, said } = await played(createServer(pace));
  t.equal(said[0], "outside > flow: begin");
  t.equal(said[1], "owner me > flow: adopts, epoch 1");
  t.equal(said[2], "outside > flow: run");
  t.equal(said[3], "flow > atom check-quota: #1");
  t.equal(said[4], 'atom check-quota > flow: done #1: "check-quota-1"');
  const from = said.indexOf("flow > atom boot: #1");
  const about = said.slice(from).filter((text) => /boot|try-hosts/.test(text));
  t.strictSame(about.slice(0, 9), [
    "flow > atom boot: #1",
    "atom boot > flow: info: asking the scheduler for a host",
    "atom boot > flow: Error: no host has enough memory",
    'flow > atom try-hosts: "boot" failed',
    "atom try-hosts > flow: RETRY in 12 ms",
    "flow > atom boot: undo #1",
    "atom boot > flow: undone #1",
    "atom try-hosts > flow: the wait is over",
    "flow > atom try-hosts: #2",
  ]);
  t.equal(said.at(-1), "flow > outside: REVERTED");
  const { messages } = conversation;
  const told = new Set(messages.map(({ sequence }) => sequence));
  const all = player.entries.map(({ sequence }) => sequence);
  t.strictSame([...told], all, "no record is left out");
  t.ok(messages.every(({ at }, place) => place === 0 || messages[place - 1]!.at <= at));
});

t.test("what comes from outside, what is lost, what is taken back", async (t) => {
  const { player } = await played(linear("f", task({ name: "a", execute: () => 1 })));
  const begun = player.entries.slice(0, 4);
  const followedBy = (records: readonly FlowRecord[]): Conversation =>
    conversationOf([
      ...begun,
      ...records.map((record, at) => ({ sequence: 5 + at, at: 9, epoch: 1, record })),
    ]);
  const attempt = { atom: 0, direction: "execute", attempt: 1 } as const;
  const conversation = followedBy([
    { kind: "lost", reason: "worker-died", ...attempt },
    { kind: "suspend", withdraws: [attempt] },
    { kind: "adopted", owner: "other", epoch: 2 },
    { kind: "cancel", reason: "too dear", withdraws: [] },
    { kind: "parked", reason: "lost three times" },
    { kind: "reset" },
    { kind: "edited", edit: "skip", id: "e", atoms: [0] },
    { kind: "logged", line: 1, level: "warn", message: "slow", ...attempt },
  ]);
  t.strictSame(saidIn(conversation).slice(4), [
    "atom a > flow: lost #1: worker-died",
    "outside > flow: suspend",
    "flow > atom a: take back #1",
    "owner other > flow: adopts, epoch 2",
    "outside > flow: cancel: too dear",
    "flow > outside: parked: lost three times",
    "outside > flow: reset",
    "outside > flow: skip a",
    "atom a > flow: warn: slow",
  ]);
  const lost = conversation.messages.filter(({ isLost }) => isLost).map(({ label }) => label);
  t.strictSame(lost, ["lost #1: worker-died", "take back #1"]);
  const taken = followedBy(
    Array.from({ length: 9 }, (_, at) => ({ kind: "adopted", owner: `o${at}`, epoch: at + 2 })),
  );
  const { blueprint } = player.moment(1)!.state;
  const { lines, placeOf } = lifelinesOf(taken, blueprint, { place: 0, most: 5, selected: "" });
  t.strictSame(
    lines.map(({ name }) => name),
    ["outside", "7 earlier", "o6", "o7", "o8", "f", "a"],
  );
  t.equal(placeOf("owner o2"), 1);
});

t.test("of many atoms, those that speak near the moment have lifelines", async (t) => {
  const tasks = Array.from({ length: 5_000 }, (_, at) =>
    task({ name: `t${at}`, execute: () => at }),
  );
  const flow = unordered("large", ...tasks) as never;
  const { conversation, blueprint } = await played(flow);
  const place = conversation.messages.findIndex(({ from }) => from === "atom t2500");
  const startedMs = workedMs();
  const wanted = { place, most: 20, selected: "t7" };
  const { lines, placeOf, folded } = lifelinesOf(conversation, blueprint, wanted);
  const tookMs = workedMs() - startedMs;
  t.equal(lines.length, 3 + 20 + 1);
  t.equal(folded, 4_980);
  t.strictSame(
    lines.slice(0, 3).map(({ kind }) => kind),
    ["outside", "owner", "flow"],
  );
  t.equal(lines[3]?.name, "t7", "the selected one, in the order of the blueprint");
  t.ok(lines.some(({ name }) => name === "t2500"));
  t.equal(lines[placeOf("atom t4999")]?.kind, "others");
  t.equal(lines[placeOf("flow")]?.id, "flow");
  t.ok(tookMs < 250, `${tookMs} ms`);
});

t.test("a small flow folds nothing, and names may be anything", async (t) => {
  const odd = ["owner x", "atom", "outside", "flow", "others", "earlier"];
  const flow = linear("flow", ...odd.map((name) => task({ name, execute: () => 1 })));
  const { conversation, blueprint } = await played(flow);
  const wanted = { place: 0, most: 20, selected: "" };
  const { lines, folded, placeOf } = lifelinesOf(conversation, blueprint, wanted);
  t.equal(folded, 0);
  t.strictSame(
    lines.slice(3).map(({ name }) => name),
    odd,
  );
  const places = lines.map(({ id }) => placeOf(id));
  t.strictSame(
    places,
    lines.map((_, at) => at),
    "no two share a lifeline",
  );
  t.strictSame(
    conversation.messages.flatMap(({ from }) => atomOf(from) ?? []),
    odd,
  );
});
