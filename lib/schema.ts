/** Inputs are checked, and made into what the atom's function expects, by Standard Schemas. */
import type { StandardSchemaV1 } from "@standard-schema/spec";
import { FlowError } from "./errors.ts";
import type { Binding, Inputs } from "./types.ts";

/** How many issues of one input are told. */
const toldIssues = 5;

/** Whether it is a schema of any library that follows https://standardschema.dev, version 1. */
export function isSchema(value: unknown): value is StandardSchemaV1 {
  if ((typeof value !== "object" && typeof value !== "function") || value === null) return false;
  const standard: unknown = (value as { readonly "~standard"?: unknown })["~standard"];
  return (
    typeof standard === "object" &&
    standard !== null &&
    typeof (standard as { readonly validate?: unknown }).validate === "function"
  );
}

/**
 * The inputs as the atom's function gets them: each that has a schema is replaced by the schema's
 * output. Inputs without one, and optional ones that are absent, stay as they are.
 *
 * @param atom - its name, for the error
 * @returns a promise only if there is a schema to ask
 * @throws FlowError `INPUT_REFUSED` naming the first input that its schema refuses
 */
export function checkInputs(
  atom: string,
  { required, optional }: Inputs,
  values: Record<string, unknown>,
): Record<string, unknown> | Promise<Record<string, unknown>> {
  // Most inputs have no schema; finding that out must cost nothing.
  if (!required.some(hasSchema) && !optional.some(hasSchema)) return values;
  const asked = [...required, ...optional].filter(
    (binding) => hasSchema(binding) && Object.hasOwn(values, binding.param),
  );
  return asked.length === 0 ? values : ask(atom, asked, values);
}

const hasSchema = ({ schema }: Binding): boolean => schema !== undefined;

async function ask(
  atom: string,
  asked: readonly Binding[],
  values: Record<string, unknown>,
): Promise<Record<string, unknown>> {
  const checked = { ...values };
  // One after the other, so that the input that is told doesn't depend on which schema is faster.
  for (const { param, schema } of asked) {
    const result = await schema?.["~standard"].validate(values[param]);
    if (result === undefined) continue;
    if (result.issues !== undefined) {
      throw new FlowError("INPUT_REFUSED", { atom, param, problem: told(result.issues) });
    }
    checked[param] = result.value;
  }
  return checked;
}

function told(issues: readonly StandardSchemaV1.Issue[]): string {
  const texts = issues.slice(0, toldIssues).map(({ message, path }) => {
    const at = (path ?? []).map(segment).join("");
    return at === "" ? message : `at ${at}: ${message}`;
  });
  const rest = issues.length - texts.length;
  return `${texts.join("; ")}${rest > 0 ? `; and ${String(rest)} more` : ""}`;
}

function segment(part: PropertyKey | StandardSchemaV1.PathSegment): string {
  const key = typeof part === "object" ? part.key : part;
  return typeof key === "number" ? `[${String(key)}]` : `.${String(key)}`;
}
