/** The inspector's page for a test. */
import type { Test } from "tap";
import { openBrowser } from "./browser.ts";

/** A page that keeps what goes wrong in it. */
export async function openPage(t: Test, size = { width: 1300, height: 800 }) {
  const browser = await openBrowser(size);
  t.teardown(() => browser.close());
  const page = await browser.context.newPage();
  page.setDefaultTimeout(15_000);
  const faults: string[] = [];
  page.on("pageerror", (error) => faults.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error") faults.push(message.text());
  });
  page.on("request", (request) => {
    if (new URL(request.url()).hostname !== "127.0.0.1") faults.push(`asks ${request.url()}`);
  });
  return { page, faults };
}
