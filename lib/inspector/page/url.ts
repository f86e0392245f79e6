/** What is shown stands in the address: it can be kept, sent, and gone back to. */
import { useEffect, useState } from "preact/hooks";

export type Query = Readonly<Record<string, string>>;

const watchers = new Set<() => void>();

const read = (): Query => Object.fromEntries(new URLSearchParams(location.search));

export const hrefOf = (query: Query): string => {
  const given = Object.entries(query).filter(([, value]) => value !== "");
  return given.length === 0 ? "/" : `/?${new URLSearchParams(given).toString()}`;
};

/** Shows something else. `replace`: going back leads past what was shown before. */
export function go(query: Query, replace = false): void {
  const href = hrefOf(query);
  if (replace) history.replaceState(null, "", href);
  else history.pushState(null, "", href);
  for (const watcher of watchers) watcher();
}

export function useQuery(): Query {
  const [query, setQuery] = useState(read);
  useEffect(() => {
    const watcher = (): void => {
      setQuery(read());
    };
    watchers.add(watcher);
    addEventListener("popstate", watcher);
    return () => {
      watchers.delete(watcher);
      removeEventListener("popstate", watcher);
    };
  }, []);
  return query;
}
