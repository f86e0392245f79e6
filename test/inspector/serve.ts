/** Inspectors and journals for tests. */
import { type InspectorOptions, serveInspector } from "../../lib/inspector/server.ts";
import { systemClock } from "../../lib/system.ts";

/** An inspector on a port of its own that looks at its journal often. */
export const serve = (options: Partial<InspectorOptions> & Pick<InspectorOptions, "journal">) =>
  serveInspector({ source: "test", version: "0.0.0", clock: systemClock, lookMs: 20, ...options });
