/** What a conductor's lease tells of it, for people and for what explains to them why nothing moves. */
export interface ConductorDetails {
  readonly name: string;
  /** Names of its flows, each with the beginning of its blueprint's hash; as many as there is room for. */
  readonly flows: readonly (readonly [name: string, hash: string])[];
  readonly flowsInAll: number;
  readonly engine: string;
  readonly running: number;
  readonly maxFlows: number;
}

/** Bytes that a lease has for the names of flows. */
const mostBytes = 8_192;

const hashLength = 12;

const encoder = new TextEncoder();

/** @param hashes - of the blueprints, by the flow's name */
export function listFlows(
  hashes: ReadonlyMap<string, string>,
): Pick<ConductorDetails, "flows" | "flowsInAll"> {
  let room = mostBytes;
  const flows: (readonly [string, string])[] = [];
  for (const [flow, hash] of hashes) {
    room -= encoder.encode(flow).length + hashLength + 8;
    if (room < 0) break;
    flows.push([flow, hash.slice(0, hashLength)]);
  }
  return { flows, flowsInAll: hashes.size };
}
