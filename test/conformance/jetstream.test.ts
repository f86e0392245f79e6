import { noServer } from "../nats/server.ts";
import { casesFolder, foundFolder } from "./folder.ts";
import { testWhole } from "./whole.ts";

const all = { journal: "jetstream", skip: noServer } as const;

testWhole({ ...all, engine: "parallel", folder: casesFolder, passed: 274, skipped: 17 });
testWhole({ ...all, engine: "workers", folder: casesFolder, seed: 1, passed: 274, skipped: 17 });
testWhole({ ...all, engine: "workers", folder: foundFolder, passed: 6, skipped: 0 });
