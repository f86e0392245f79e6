import { casesFolder, foundFolder } from "./folder.ts";
import { testWhole } from "./whole.ts";

const setup = { engine: "parallel", journal: "sqlite" } as const;

testWhole({ ...setup, folder: casesFolder, passed: 274, skipped: 17 });
testWhole({ ...setup, folder: foundFolder, passed: 6, skipped: 0 });
