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
  const on = (verb: string): string =>
    `complete -c fourstroke -n ${word(`__fish_seen_subcommand_from ${verb}`)}`;
  const valueOf = (place: Place | undefined): string => {
    if (place === undefined) return "";
    if (typeof place !== "string") return ` -x -a ${word(place.choices.join(" "))}`;
    const { file, folder, id, other } = {
      file: " -r -F",
      folder: " -x -a '(__fish_complete_directories)'",
      id: " -x -a '(__fourstroke_ids)'",
      other: " -x",
    };
    return { file, folder, id, other }[place];
  };
  const lines = verbs.flatMap(({ name, description, takes, options }) => [
    `complete -c fourstroke -n __fish_use_subcommand -a ${name} -d ${word(description)}`,
    ...takes.slice(0, 1).flatMap((place) => (place === "file" ? [`${on(name)} -F`] : [])),
    ...takes.slice(0, 1).flatMap((place) => {
      if (place === "id") return [`${on(name)} -a '(__fourstroke_ids)'`];
      return typeof place === "string" ? [] : [`${on(name)} -a ${word(place.choices.join(" "))}`];
    }),
    ...options.map(({ names, description: what, takes: place }) => {
      const flags = names.map((flag) =>
        flag.startsWith("--") ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`,
      );
      return `${on(name)} ${flags.join(" ")} -d ${word(what)}${valueOf(place)}`;
    }),
  ]);
  return `# fourstroke completion fish: put this into ~/.config/fish/completions/fourstroke.fish
function __fourstroke_ids
  set -l words (commandline -opc)
  set -l dir .fourstroke
  if set -l at (contains -i -- --dir $words)
    set dir $words[(math $at + 1)]
  end
  fourstroke completion --ids --dir $dir 2>/dev/null
end
complete -c fourstroke -f
${lines.join("\n")}
`;
}
