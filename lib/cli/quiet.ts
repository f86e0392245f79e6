/** Keeps Node from warning people about parts of Node that this program has chosen to use. */

const chosen = /SQLite|[Tt]ype [Ss]tripping|stripTypeScriptTypes/;

export function quietly(): void {
  const emit = process.emitWarning.bind(process) as (warning: unknown, ...more: unknown[]) => void;
  process.emitWarning = (warning: unknown, ...more: unknown[]): void => {
    const text = warning instanceof Error ? warning.message : String(warning);
    const isExperimental =
      more.includes("ExperimentalWarning") ||
      (warning instanceof Error && warning.name === "ExperimentalWarning");
    if (!isExperimental || !chosen.test(text)) emit(warning, ...more);
  };
}
