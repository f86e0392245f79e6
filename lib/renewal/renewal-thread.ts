/** What runs in the thread that renews a lease: see renewal.ts. */
import { parentPort, workerData } from "node:worker_threads";
import { FlowError } from "../errors.ts";
import type { Jobboard } from "../jobboard/jobboard.ts";
import { PulseWatch } from "../pulse.ts";
import { type BoardPlace, type FromRenewal, machineMs, type RenewalWork } from "./renewal.ts";

const { board: place, lease, stallMs, ticks } = workerData as RenewalWork;
const pulse = new PulseWatch(ticks, stallMs);
const everyMs = lease.leaseMs / 4;
let board: Jobboard | undefined;
let isBusy = false;

const tell = (message: FromRenewal): void => parentPort?.postMessage(message);

async function open({ kind, options }: BoardPlace): Promise<Jobboard> {
  if (kind === "sqlite") return (await import("../jobboard/sqlite.ts")).sqliteJobboard(options);
  const { connectNats } = await import("../nats/connect.ts");
  const { natsJobboard } = await import("../nats/jobboard.ts");
  // The next renewal is due by then.
  const patienceMs = Math.max(250, Math.round(everyMs));
  return natsJobboard(await connectNats(options), { patienceMs });
}

async function renew(): Promise<void> {
  const pace = pulse.look();
  if (isBusy || pace === "hangs") return;
  isBusy = true;
  try {
    board ??= await open(place);
    const askedAt = machineMs();
    await board.renew(pace === "stalls" ? { ...lease, isStalled: true } : lease);
    tell({ kind: "renewed", askedAt });
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    const isLost = FlowError.is(error, "LEASE_TAKEN");
    tell({ kind: isLost ? "lost" : "failed", problem });
    if (isLost) clearInterval(timer);
  } finally {
    isBusy = false;
  }
}

const timer = setInterval(() => void renew(), everyMs);
void renew();
