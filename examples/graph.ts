/**
 * A graph: items are linked by the symbols they provide and require, in whatever order they are written, and by hand. A
 * link may have a decider: a no makes what follows count as done, as far as its depth reaches.
 */
import { graph, link, load, task } from "../lib/index.ts";
import { isMain } from "./main.ts";

const ship = task({
  name: "ship",
  requires: ["parcel"],
  provides: "tracking",
  execute: ({ parcel }: { parcel: string }) => `tracking of ${parcel}`,
});
const pack = task({
  name: "pack",
  requires: ["order"],
  provides: "parcel",
  execute: ({ order }: { order: { item: string } }) => `a box with ${order.item}`,
});
const order = task({
  name: "order",
  requires: ["item", "isGift"],
  provides: "order",
  execute: ({ item, isGift }: { item: string; isGift: boolean }) => ({ item, isGift }),
});
const wrap = task({ name: "wrap", execute: () => "wrapped" });

const isGift = (history: Readonly<Record<string, unknown>>): boolean =>
  (history["order"] as { isGift: boolean }).isGift;

export const shop = graph(
  "shop",
  { links: [link(order, wrap, { decide: isGift, depth: "ATOM" }), link(wrap, ship)] },
  ship,
  pack,
  order,
  wrap,
);

if (isMain(import.meta.url)) {
  for (const gift of [true, false]) {
    const engine = load(shop, { store: { item: "a book", isGift: gift } });
    await engine.run();
    const states = engine.storage.atoms().map(({ name, state }) => `${name} ${state}`);
    console.log(`gift ${gift}: ${states.join(", ")}`);
  }
}
