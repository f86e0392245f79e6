/**
 * Ways to share results: a result spread over several symbols by place or by key, parameters bound to symbols of
 * another name, constants for one task, and a store that goes before what tasks provide.
 */
import { linear, run, task } from "../lib/index.ts";
import { isMain } from "./main.ts";

const measure = task({
  name: "measure",
  provides: ["width", "height"],
  execute: () => [4, 3] as const,
});
const look = task({
  name: "look",
  provides: { keys: ["colour", "price"] },
  execute: () => ({ colour: "blue", price: 10, note: "not provided" }),
});
const area = task({
  name: "area",
  requires: ["a", "b"],
  rebind: { a: "width", b: "height" },
  provides: "area",
  execute: ({ a, b }: { a: number; b: number }) => a * b,
});
const quote = task({
  name: "quote",
  requires: ["area", "price", "currency"],
  inject: { currency: "EUR" },
  provides: "quote",
  execute: ({ area, price, currency }: { area: number; price: number; currency: string }) =>
    `${area * price} ${currency}`,
});

export const sharing = linear("sharing", measure, look, area, quote);

if (isMain(import.meta.url)) {
  const results = await run(sharing);
  console.log(results.colour, results.quote);
  const cheaper = await run(sharing, { store: { price: 7 } });
  console.log(cheaper.quote);
}
