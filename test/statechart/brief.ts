/** What to compare of a snapshot or a ref: all of it hangs together, and a diff of that never ends. */
interface Fields {
  readonly value?: unknown;
  readonly status: string;
  readonly context?: unknown;
  readonly output?: unknown;
  readonly error?: unknown;
}

export function brief(snapshot: object): Fields {
  const { value, status, context, output, error } = snapshot as Fields;
  return { value, status, context, output, error };
}
