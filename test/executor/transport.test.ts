// The contract of transports over a MessagePort. What a child process's channel adds is in ports.test.ts.
import { MessageChannel } from "node:worker_threads";
import t, { type Test } from "tap";
import { threadPort } from "../../lib/executor/pool/ports.ts";
import { systemClock } from "../../lib/system.ts";
import type { Port } from "../../lib/transport/message.ts";
import { PortTransport } from "../../lib/transport/port.ts";
import { Switch } from "../../lib/transport/switch.ts";
import { transportContract } from "../contracts/transport.ts";

/** The near end of a channel; the other one is an end of the switch. */
function attach(t: Test, hub: Switch): Port {
  const { port1, port2 } = new MessageChannel();
  t.teardown(() => {
    port1.close();
  });
  hub.attach(threadPort(port2));
  return threadPort(port1);
}

transportContract(t, "MessagePort", {
  open: async (t, limits) => {
    const hub = new Switch(systemClock);
    const join = () => new PortTransport(attach(t, hub), { clock: systemClock, ...limits });
    const stranger = attach(t, hub);
    t.teardown(() => {
      hub.close();
    });
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
