/** What the server tells by itself. One stream for the whole page; the browser connects it again by itself. */
import { useEffect, useState } from "preact/hooks";
import type { ChangesDocument } from "../documents.ts";

interface Listener {
  readonly changed: (changes: ChangesDocument) => void;
  /** What was missed isn't known: ask for everything. */
  readonly reload: () => void;
}

const listeners = new Set<Listener>();
const watchers = new Set<() => void>();

/** Empty: all is well. */
let problem = "";

function tell(next: string): void {
  if (problem === next) return;
  problem = next;
  for (const watcher of watchers) watcher();
}

const reload = (): void => {
  for (const listener of listeners) listener.reload();
};

/** Begins to listen; called once. */
export function connect(): void {
  const stream = new EventSource("/api/events");
  let wasAway = false;
  const on = (type: string, take: (data: unknown) => void): void => {
    stream.addEventListener(type, (event) => {
      take(JSON.parse((event as MessageEvent<string>).data));
    });
  };
  on("hello", () => {
    tell("");
    if (wasAway) reload();
    wasAway = false;
  });
  on("flows", (data) => {
    for (const listener of listeners) listener.changed(data as ChangesDocument);
  });
  on("reload", reload);
  on("problem", (data) => {
    tell((data as { readonly message: string }).message);
  });
  stream.onerror = () => {
    wasAway = true;
    tell("the inspector's server is away; what is shown is what was last known");
  };
  addEventListener("pagehide", () => {
    stream.close();
  });
}

export function useProblem(): string {
  const [, render] = useState(0);
  useEffect(() => {
    const watcher = (): void => {
      render((times) => times + 1);
    };
    watchers.add(watcher);
    return () => watchers.delete(watcher);
  }, []);
  return problem;
}

export function useChanges(listener: Listener): void {
  useEffect(() => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  }, [listener]);
}
