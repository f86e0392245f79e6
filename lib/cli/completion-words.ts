/** What can be completed, read off the definitions of the verbs themselves. */
import type { Command, Option } from "commander";

/** What stands at a place of the command line. */
export type Place = "file" | "folder" | "id" | "other" | { readonly choices: readonly string[] };

export interface OptionWords {
  /** `--long`, `-s`: as many as it has. */
  readonly names: readonly string[];
  readonly description: string;
  /** Undefined: it takes nothing. */
  readonly takes: Place | undefined;
}

export interface VerbWords {
  readonly name: string;
  readonly description: string;
  /** Arguments in their order; the last one again and again where `isVariadic`. */
  readonly takes: readonly Place[];
  readonly isVariadic: boolean;
  readonly options: readonly OptionWords[];
}

export function verbsOf(program: Command): readonly VerbWords[] {
  return program.commands.map((verb) => {
    const { registeredArguments: list } = verb;
    return {
      name: verb.name(),
      description: verb.description(),
      takes: list.map((argument) => placeOf(argument.name(), argument.argChoices)),
      isVariadic: list.at(-1)?.variadic === true,
      options: [...verb.options.filter(({ hidden }) => !hidden).map(optionOf), help],
    };
  });
}

const help: OptionWords = { names: ["--help"], description: "show help", takes: undefined };

export const programOptions: readonly OptionWords[] = [
  { names: ["--version"], description: "print the version", takes: undefined },
  help,
];

function optionOf({ long, short, description, required, flags, argChoices }: Option): OptionWords {
  const names = [long, short].filter((name) => name !== undefined);
  const value = /<([^>]+)>/.exec(flags)?.[1] ?? "";
  const place = placeOf(value, argChoices);
  // Options take the ids of what is new.
  const takes = place === "id" ? "other" : place;
  return { names, description, takes: required ? takes : undefined };
}

function placeOf(name: string, choices: readonly string[] | undefined): Place {
  if (choices !== undefined) return { choices };
  if (name === "id" || name === "ids") return "id";
  if (name === "file" || name === "files") return "file";
  if (name === "folder") return name;
  return "other";
}
