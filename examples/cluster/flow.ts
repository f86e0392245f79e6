/** What the cluster of `npm run cluster` works on: an order is priced, packed and sent; some packing goes wrong once. */
import { setTimeout as delay } from "node:timers/promises";
import { linear, task, times, unordered } from "../../lib/index.ts";

const price = task({
  name: "price",
  requires: ["pieces"],
  provides: "sum",
  execute: async ({ pieces }: { pieces: number }) => {
    await delay(100);
    return pieces * 4;
  },
});

const pack = task({
  name: "pack",
  requires: ["order", "pieces"],
  provides: "parcel",
  execute: async ({ order, pieces }: { order: number; pieces: number }, { attempt }) => {
    await delay(50 * pieces);
    if (order % 5 === 0 && attempt === 1) throw new Error("the tape is torn");
    return `parcel ${order}`;
  },
  revert: () => undefined,
});

const label = task({
  name: "label",
  requires: ["order"],
  provides: "address",
  execute: async ({ order }: { order: number }) => {
    await delay(150);
    return `street ${order}`;
  },
});

const send = task({
  name: "send",
  requires: ["parcel", "address", "sum"],
  provides: "receipt",
  execute: async ({ parcel, address, sum }: { parcel: string; address: string; sum: number }) => {
    await delay(100);
    return `${parcel} to ${address} for ${sum}`;
  },
});

export const order = linear(
  "order",
  price,
  unordered("ready", { retry: times(3) }, pack, label),
  send,
);
