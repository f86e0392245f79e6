/** After a restart: every flow that is not finished goes on, found by the registered name of its declaration. */
import { linear, load, memoryJournal, registry, task } from "../lib/index.ts";
import { isMain } from "./main.ts";

const reserve = task({ name: "reserve", provides: "seat", execute: () => "12A" });
const pay = task({
  name: "pay",
  requires: ["seat", "amount"],
  provides: "receipt",
  execute: ({ seat, amount }: { seat: string; amount: number }) => `${amount} for ${seat}`,
});
export const booking = linear("booking", reserve, pay);

const count = task({ name: "count", provides: "entries", execute: () => 3 });
export const inventory = linear("inventory", count);

if (isMain(import.meta.url)) {
  const journal = memoryJournal();
  // Three flows are begun; the process "ends" before they do.
  for (const [id, amount] of [
    ["anna", 10],
    ["ben", 20],
  ] as const) {
    const engine = load(booking, { id, journal, store: { amount } });
    engine.atomNotifier.on("SUCCESS", ({ atom }) => {
      if (atom === "reserve") engine.abandon();
    });
    await engine.run().catch(() => undefined);
  }
  const stock = load(inventory, { id: "stock", journal });
  stock.compile();
  await stock.prepare();

  // The next process: its code, and the journal.
  const known = registry(booking, inventory);
  for (const { id } of await known.unfinished(journal)) {
    const engine = await known.load(journal, id);
    console.log(`${id}: ${await engine.run()} ${JSON.stringify(engine.storage.fetchAll())}`);
  }
}
