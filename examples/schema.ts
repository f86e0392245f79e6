/** Inputs with a Standard Schema, here zod's: checked, and turned into what the schema gives, before the task runs. */
import { z } from "zod";
import { run, task } from "../lib/index.ts";
import { isMain } from "./main.ts";

export const invite = task({
  name: "invite",
  requires: { email: z.email(), seats: z.coerce.number().int().min(1) },
  provides: "invitation",
  execute: ({ email, seats }) => `${seats} seats for ${email.toLowerCase()}`,
});

if (isMain(import.meta.url)) {
  const { invitation } = await run(invite, { store: { email: "Anna@Example.org", seats: 2 } });
  console.log(invitation);
  await run(invite, { store: { email: "nobody", seats: 2 } }).catch((error: Error) => {
    console.log(error.message);
  });
}
