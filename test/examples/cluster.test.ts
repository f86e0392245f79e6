// The cluster that a user starts with one command: it comes up, loses some of itself, and ends right.
import { execFile } from "node:child_process";
import { resolve } from "node:path";
import { promisify } from "node:util";
import t from "tap";
import { noServer } from "../nats/server.ts";

t.setTimeout(120_000);

t.test("npm run cluster", { skip: noServer }, async (t) => {
  const file = resolve(import.meta.dirname, "../../examples/cluster.js");
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [file]);
  t.match(stdout, /kill -9: one conductor and one worker are gone\n40 orders ended SUCCESS\n/);
  t.match(stdout, /\n[1-9]\d* of them had more than one owner\n/);
  t.match(stdout, "order-40: parcel 40 to street 40 for 16");
  t.equal(stderr, "");
});
