import t from "tap";
import { memoryJournal } from "../../lib/journal/memory.ts";
import { journalContract } from "../contracts/journal.ts";
import { begin } from "./batches.ts";

journalContract(t, "memory", {
  durability: "none",
  open: async () => memoryJournal(),
  // There is no elsewhere; closing the second handle must not close the first.
  again: async (journal) => ({
    ...{ durability: journal.durability, close: async () => undefined },
    append: (flow, batch, state) => journal.append(flow, batch, state),
    read: (flow) => journal.read(flow),
    list: (query) => journal.list(query),
    remove: (flow) => journal.remove(flow),
    [Symbol.asyncDispose]: async () => undefined,
  }),
});

t.test("an append is as durable as it will be at once, and keeps the very batch", async (t) => {
  const journal = memoryJournal();
  const batch = begin();
  t.equal(journal.append("f", batch, "RUNNING"), undefined);
  t.equal((await journal.read("f"))[0], batch);
});

t.test("what is read isn't what is kept", async (t) => {
  const journal = memoryJournal();
  await journal.append("f", begin(), "RUNNING");
  ((await journal.read("f")) as unknown[]).length = 0;
  t.equal((await journal.read("f")).length, 1);
});
