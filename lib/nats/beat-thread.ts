/** What runs in the thread that beats presence: see beats.ts. */
import { parentPort, workerData } from "node:worker_threads";
import { FlowError } from "../errors.ts";
import type { BeatWork, FromBeats, Said } from "./beats.ts";
import { connectNats } from "./connect.ts";
import { PulseWatch } from "../pulse.ts";
import type { NatsTransport } from "./face.ts";

const { nats, everyMs, stallMs, ticks } = workerData as BeatWork;
const pulse = new PulseWatch(ticks, stallMs);
const said = new Map<string, Said>();
let transport: NatsTransport | undefined;
let isConnecting = false;

parentPort?.on("message", (one: Said) => void said.set(one.key, one));

const tell = (message: FromBeats): void => parentPort?.postMessage(message);

async function connect(): Promise<void> {
  if (isConnecting) return;
  isConnecting = true;
  try {
    transport = await connectNats(nats);
    tell({ kind: "connected" });
  } catch (error) {
    tell({ kind: "failed", problem: error instanceof Error ? error.message : String(error) });
  } finally {
    isConnecting = false;
  }
}

function beat(): void {
  const pace = pulse.look();
  if (transport === undefined) return void connect();
  if (pace === "hangs" || !transport.isConnected) return;
  for (const { address, body } of said.values()) {
    transport.publish(address, pace === "stalls" ? { ...body, isStalled: true } : body);
  }
}

function beatOn(): void {
  try {
    beat();
  } catch (error) {
    if (!FlowError.is(error, "TRANSPORT_CLOSED")) throw error;
    transport = undefined; // it ended for good; another one may do
  }
}

await connect();
setInterval(beatOn, everyMs);
