/** Suspending: what runs may finish, nothing new starts; the next run goes on, with the same engine or another one. */
import { linear, load, memoryJournal, task } from "../lib/index.ts";
import { isMain } from "./main.ts";

const step = (name: string) => task({ name, provides: name, execute: async () => `${name} done` });
export const night = linear("night-shift", step("clean"), step("count"), step("lock"));

if (isMain(import.meta.url)) {
  const journal = memoryJournal();
  const tonight = load(night, { id: "tonight", journal });
  tonight.atomNotifier.on("RUNNING", ({ atom }) => {
    if (atom === "count") tonight.suspend();
  });
  console.log(
    await tonight.run(),
    tonight.storage.atoms().map(({ name, state }) => `${name} ${state}`),
  );
  await tonight.close();

  const tomorrow = load(night, { id: "tonight", journal });
  tomorrow.atomNotifier.on("RUNNING", ({ atom }) => console.log(`runs: ${atom}`));
  console.log(await tomorrow.run());
}
