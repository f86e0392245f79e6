import { casesFolder, foundFolder } from "./folder.ts";
import { testWhole } from "./whole.ts";

const serial = { folder: casesFolder, engine: "serial", passed: 214, skipped: 77 } as const;
const parallel = { folder: casesFolder, engine: "parallel", passed: 274, skipped: 17 } as const;
const found = { folder: foundFolder, passed: 6, skipped: 0 } as const;

testWhole({ ...serial, journal: "sqlite" });
testWhole({ ...parallel, journal: "sqlite" });
testWhole({ ...found, journal: "sqlite", engine: "serial" });
testWhole({ ...found, journal: "sqlite", engine: "parallel" });
