/** The verb that makes shells complete the others. */
import { Argument, Option } from "commander";
import { examples, type Line } from "./arguments.ts";
import type { CompletionOptions } from "./completion.ts";
import { type Shell, shells } from "./shells.ts";
import { defaultDir } from "./verb.ts";

export function addCompletion({ program, output, ends }: Line): void {
  program
    .command("completion")
    .description("print a script that makes a shell complete verbs, options and flows' ids")
    .addArgument(new Argument("[shell]", "which one").choices(shells))
    .addOption(new Option("--dir <folder>", "folder of the journal").default(defaultDir).hideHelp())
    .addOption(new Option("--ids", "print the ids of flows instead").hideHelp())
    .addHelpText(
      "after",
      examples(
        "fourstroke completion bash > ~/.local/share/bash-completion/completions/fourstroke",
        "fourstroke completion zsh > ~/.zfunc/_fourstroke",
        "fourstroke completion fish > ~/.config/fish/completions/fourstroke.fish",
      ),
    )
    .action(async (shell: Shell | undefined, options: CompletionOptions) => {
      const { completion } = await import("./completion.ts");
      ends(await completion(shell, options, program, output));
    });
}
