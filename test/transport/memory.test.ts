import t from "tap";
import type { Port } from "../../lib/transport/message.ts";
import { PortTransport } from "../../lib/transport/port.ts";
import { portPair, Switch } from "../../lib/transport/switch.ts";
import { systemClock } from "../../lib/system.ts";
import { transportContract } from "../contracts/transport.ts";

transportContract(t, "memory", {
  open: async (t, limits) => {
    const hub = new Switch(systemClock);
    const join = (): PortTransport => {
      const [near, far] = portPair();
      hub.attach(far);
      return new PortTransport(near, { clock: systemClock, ...limits });
    };
    const stranger = attach(hub);
    t.teardown(() => hub.close());
    let id = 0;
    return {
      near: join(),
      far: join(),
      inject: (to, body) => {
        stranger.post({ kind: "request", id: id++, to, body });
        stranger.post({ kind: "publish", to, body });
      },
    };
  },
});

/** An end of its own, for what no transport would send. */
function attach(hub: Switch): Port {
  const [near, far] = portPair();
  hub.attach(far);
  near.start(
    () => undefined,
    () => undefined,
  );
  return near;
}

t.test("a switch that closes closes its ends", async (t) => {
  const hub = new Switch(systemClock);
  const end = hub.join();
  const changes: boolean[] = [];
  end.watch((isConnected) => changes.push(isConnected));
  const asked = t.rejects(end.request("nobody", 1), { code: "TRANSPORT_CLOSED" });
  hub.close();
  await asked;
  t.strictSame(changes, [false]);
});
