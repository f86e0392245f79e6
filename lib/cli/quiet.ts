/** Keeps Node from warning people of what they have chosen themselves: a flow in TypeScript. */

const chosen = /type stripping|stripTypeScriptTypes/i;

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
