/** A state, in its colour. */
export function Badge({ state }: { readonly state: string }) {
  return (
    <span class="badge" data-state={state}>
      {state.replace("_", " ")}
    </span>
  );
}
