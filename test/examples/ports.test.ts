// Ports that are given to one only, though many ask at once.
import { once } from "node:events";
import { createServer } from "node:net";
import t from "tap";
import { reservePorts } from "../../examples/cluster/ports.ts";

const module = import.meta.resolve("../../examples/cluster/ports.js");

/** As another process that begins its search at the same place: loaded once more, it knows of nobody. */
async function stranger(name: number): Promise<number[]> {
  const other = (await import(`${module}?${name}`)) as { reservePorts: typeof reservePorts };
  return other.reservePorts(40);
}

t.test("nobody is given a port that another has", async (t) => {
  const given = await Promise.all([reservePorts(40), ...[1, 2, 3].map(stranger)]);
  const ports = given.flat();
  t.equal(ports.length, 4 * 40);
  t.equal(new Set(ports).size, ports.length);
});

t.test("a port at which somebody listens is passed over", async (t) => {
  const [port = 0] = await reservePorts(1);
  const other = createServer().listen(port + 1, "127.0.0.1");
  t.teardown(() => other.close());
  await once(other, "listening");
  const next = await reservePorts(3);
  t.notOk(next.includes(port + 1));
  t.equal(new Set([port, ...next]).size, 4);
});
