/**
 * Completion as scripts for three shells. Ids of flows come from the store, by this program; they are anybody's words, so
 * no script lets its shell evaluate them.
 */
import {
  type OptionWords,
  type Place,
  programOptions,
  type VerbWords,
} from "./completion-words.ts";
import type { Shell } from "./shells.ts";

export const scriptFor = (shell: Shell, verbs: readonly VerbWords[]): string =>
  ({ bash, zsh, fish })[shell](verbs);

/** A word in single quotes, as bash and zsh have them. */
const quote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

const namesOf = (options: readonly OptionWords[]): string =>
  options.flatMap(({ names }) => names).join(" ");

/** What follows an option, or stands at an argument's place, as the functions of a script know it. */
function kindOf(place: Place | undefined): string {
  if (place === undefined) return "none";
  return typeof place === "string" ? place : `words ${place.choices.join(" ")}`;
}

function bash(verbs: readonly VerbWords[]): string {
  const cases = verbs.map(({ name, takes, isVariadic, options }) => {
    const valued = options.flatMap(({ names, takes: place }) =>
      place === undefined ? [] : [`        ${names.join("|")}) value=${quote(kindOf(place))} ;;`],
    );
    return [
      `    ${name})`,
      `      options=${quote(namesOf(options))}`,
      `      places=(${takes.map((place) => quote(kindOf(place))).join(" ")})`,
      `      again=${isVariadic ? 1 : 0}`,
      `      case "$1" in`,
      ...valued,
      "      esac ;;",
    ].join("\n");
  });
  return `# fourstroke completion bash: put this into ~/.bashrc:  source <(fourstroke completion bash)
_fourstroke_verb() {
  case "$2" in
${cases.join("\n")}
  esac
}

_fourstroke_fill() {
  local IFS=$'\\n' word
  case "$1" in
    file) mapfile -t COMPREPLY < <(compgen -f -- "$2"); compopt -o filenames ;;
    folder) mapfile -t COMPREPLY < <(compgen -d -- "$2"); compopt -o filenames ;;
    id)
      local dir=.fourstroke at
      for ((at = 1; at < COMP_CWORD; at++)); do
        [[ \${COMP_WORDS[at]} == --dir ]] && dir=\${COMP_WORDS[at + 1]}
      done
      while IFS= read -r word; do
        [[ $word == "$2"* ]] && COMPREPLY+=("$(printf %q "$word")")
      done < <(fourstroke completion --ids --dir "$dir" 2>/dev/null) ;;
    words\\ *)
      local IFS=' '
      for word in \${1#words }; do [[ $word == "$2"* ]] && COMPREPLY+=("$word"); done ;;
  esac
}

_fourstroke() {
  local current=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD - 1]}
  local verb=\${COMP_WORDS[1]} options= value= again=0 at count=0
  local -a places=()
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
    _fourstroke_fill ${quote(`words ${verbs.map(({ name }) => name).join(" ")} ${namesOf(programOptions)}`)} "$current"
    return
  fi
  _fourstroke_verb "$before" "$verb"
  if [[ -n $value ]]; then
    _fourstroke_fill "$value" "$current"
    return
  fi
  if [[ $current == -* ]]; then
    _fourstroke_fill "words $options" "$current"
    return
  fi
  for ((at = 2; at < COMP_CWORD; at++)); do
    value=
    _fourstroke_verb "\${COMP_WORDS[at]}" "$verb"
    if [[ -n $value ]]; then ((at++)); elif [[ \${COMP_WORDS[at]} != -* ]]; then ((count++)); fi
  done
  ((again && count >= \${#places[@]})) && count=$((\${#places[@]} - 1))
  _fourstroke_fill "\${places[count]:-}" "$current"
}

complete -F _fourstroke fourstroke
`;
}

function zsh(verbs: readonly VerbWords[]): string {
  const plain = (text: string): string => text.replace(/[[\]:\\]/g, "\\$&");
  const actionOf = (place: Place): string => {
    if (typeof place !== "string") return `(${place.choices.join(" ")})`;
    return { file: "_files", folder: "_files -/", id: "_fourstroke_ids", other: " " }[place];
  };
  const specOf = ({ names, description, takes }: OptionWords): readonly string[] =>
    names.map((name) => {
      const value = takes === undefined ? "" : `:value:${actionOf(takes)}`;
      return quote(`${name}[${plain(description)}]${value}`);
    });
  const cases = verbs.map(({ name, takes, isVariadic, options }) => {
    const places = takes.map((place, at) =>
      quote(`${isVariadic && at === takes.length - 1 ? "*" : at + 1}:argument:${actionOf(place)}`),
    );
    const specs = [...options.flatMap(specOf), ...places].join(" \\\n        ");
    return `    ${name})\n      _arguments \\\n        ${specs} ;;`;
  });
  const described = verbs.map(
    ({ name, description }) => `    ${quote(`${name}:${plain(description)}`)}`,
  );
  return `#compdef fourstroke
# fourstroke completion zsh: put this into ~/.zshrc:  source <(fourstroke completion zsh)
_fourstroke_ids() {
  local dir=.fourstroke at
  for ((at = 1; at < \${#words}; at++)); do
    [[ \${words[at]} == --dir ]] && dir=\${words[at + 1]}
  done
  local -a ids
  ids=(\${(f)"$(fourstroke completion --ids --dir "$dir" 2>/dev/null)"})
  compadd -a ids
}

_fourstroke() {
  local -a verbs
  verbs=(
${described.join("\n")}
  )
  if ((CURRENT == 2)); then
    _describe verb verbs
    compadd -- ${namesOf(programOptions)}
    return
  fi
  local verb=\${words[2]}
  shift words
  ((CURRENT--))
  case $verb in
${cases.join("\n")}
  esac
}

if [[ \${zsh_eval_context[-1]} == loadautofunc ]]; then _fourstroke "$@"; else compdef _fourstroke fourstroke; fi
`;
}

function fish(verbs: readonly VerbWords[]): string {
  const word = (text: string): string =>
    `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
  const rule = (condition: string): string => `complete -c fourstroke -n ${word(condition)}`;
  const flagsOf = (names: readonly string[]): string =>
    names
      .map((flag) => (flag.startsWith("--") ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`))
      .join(" ");
  const valueOf = (place: Place | undefined): string => {
    if (place === undefined) return "";
    if (typeof place !== "string") return ` -x -a ${word(place.choices.join(" "))}`;
    return {
      file: " -r -F",
      folder: " -x -a '(__fish_complete_directories)'",
      id: " -x -a '(__fourstroke_ids)'",
      other: " -x",
    }[place];
  };
  const argumentOf = (place: Place): string => {
    if (typeof place !== "string") return ` -a ${word(place.choices.join(" "))}`;
    return { file: " -F", folder: "", id: " -k -a '(__fourstroke_ids)'", other: "" }[place];
  };
  const optionOf = (condition: string, { names, description, takes }: OptionWords): string =>
    `${rule(condition)} ${flagsOf(names)} -d ${word(description)}${valueOf(takes)}`;
  const lines = verbs.flatMap(({ name, description, takes, isVariadic, options }) => {
    const valued = options.filter(({ takes: place }) => place !== undefined);
    return [
      `${rule("__fish_use_subcommand")} -a ${name} -d ${word(description)}`,
      ...takes.flatMap((place, at) => {
        const argument = argumentOf(place);
        if (argument === "") return [];
        const places = isVariadic && at === takes.length - 1 ? "-ge" : "-eq";
        return `${rule(`__fourstroke_at ${name} ${places} ${at} ${namesOf(valued)}`)}${argument}`;
      }),
      ...options.map((option) => optionOf(`__fourstroke_at ${name}`, option)),
    ];
  });
  const own = programOptions.map((option) => optionOf("__fish_use_subcommand", option));
  return `# fourstroke completion fish: put this into ~/.config/fish/completions/fourstroke.fish
${fishFunctions}complete -c fourstroke -f
${[...own, ...lines].join("\n")}
`;
}

const fishFunctions = `function __fourstroke_ids
  set -l words (commandline -opc)
  set -l dir .fourstroke
  if set -l at (contains -i -- --dir $words)
    set dir $words[(math $at + 1)]
  end
  fourstroke completion --ids --dir $dir 2>/dev/null
end
# Is the verb this one; and do so many arguments stand after it, between options of which these take a value?
function __fourstroke_at
  set -l words (commandline -opc)
  test (count $words) -ge 2; and test $words[2] = $argv[1]; or return 1
  test (count $argv) -gt 1; or return 0
  set -e words[1..2]
  set -l valued $argv
  set -e valued[1..3]
  set -l stand 0
  set -l before
  for word in $words
    if test -n "$before"; and contains -- $before $valued
      set before
    else
      set before $word
      string match -q -- '-*' $word; or set stand (math $stand + 1)
    end
  end
  test $stand $argv[2] $argv[3]
end
`;
