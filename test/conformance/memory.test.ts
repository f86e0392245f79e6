import { casesFolder, foundFolder } from "./folder.ts";
import { testWhole } from "./whole.ts";

const serial = { folder: casesFolder, engine: "serial", passed: 214, skipped: 77 } as const;
const parallel = { folder: casesFolder, engine: "parallel", passed: 274, skipped: 17 } as const;
const found = { folder: foundFolder, passed: 6, skipped: 0 } as const;

testWhole({ ...serial, journal: "memory" });
testWhole({ ...parallel, journal: "memory" });
testWhole({ ...parallel, journal: "memory", seed: 1 });
testWhole({ ...found, journal: "memory", engine: "serial" });
testWhole({ ...found, journal: "memory", engine: "parallel" });
