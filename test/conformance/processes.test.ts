import { casesFolder, foundFolder } from "./folder.ts";
import { testWhole } from "./whole.ts";

const all = { engine: "processes", folder: casesFolder, passed: 274, skipped: 17 } as const;

testWhole({ ...all, journal: "memory" });
testWhole({ ...all, journal: "sqlite", seed: 1 });
testWhole({ ...all, journal: "memory", folder: foundFolder, passed: 6, skipped: 0 });
