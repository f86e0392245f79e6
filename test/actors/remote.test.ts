// Refs of actors here and of actors on another node, through a switch.
import t, { type Test } from "tap";
import { node, type Node, type NodeOptions } from "../../actors/node.ts";
import { systemClock } from "../../lib/system.ts";
import { Switch } from "../../lib/transport/switch.ts";
import { refsContract } from "../contracts/refs.ts";

async function join(
  t: Test,
  hub: Switch,
  name: string,
  options: Partial<NodeOptions>,
): Promise<Node> {
  const joined = await node({ name, transport: hub.join(), ...options });
  t.teardown(async () => joined.close());
  return joined;
}

refsContract(t, "here", {
  open: async (t, options) => {
    const near = await join(t, new Switch(systemClock), "here", options);
    return { near, on: "here" };
  },
});

refsContract(t, "a switch", {
  open: async (t, options) => {
    const hub = new Switch(systemClock);
    const near = await join(t, hub, "near", {});
    await join(t, hub, "far", options);
    return { near, on: "far" };
  },
});
