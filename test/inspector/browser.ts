/** A browser for tests and pictures: the system's Chromium, with a profile of its own. */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BrowserContext, chromium } from "playwright-core";

const executablePath = ["/usr/bin/chromium", "/usr/bin/chromium-browser"].find((path) =>
  existsSync(path),
);

/** Why there is no browser; false: there is one. */
export const noBrowser: string | false =
  executablePath === undefined ? "there is no chromium at /usr/bin/chromium" : false;

const flags = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export interface Browser {
  readonly context: BrowserContext;
  close(): Promise<void>;
}

export async function openBrowser(
  viewport: { readonly width: number; readonly height: number },
  colorScheme: "dark" | "light" = "light",
): Promise<Browser> {
  const folder = mkdtempSync(join(tmpdir(), "fourstroke-browser-"));
  const context = await chromium.launchPersistentContext(folder, {
    ...(executablePath === undefined ? {} : { executablePath }),
    args: flags,
    viewport,
    colorScheme,
  });
  const close = async (): Promise<void> => {
    await context.close();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  return { context, close };
}
