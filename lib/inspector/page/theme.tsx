/** Dark or light: as the system has it, or as chosen here. */
import { useEffect, useState } from "preact/hooks";

const kept = "fourstroke-theme";
const next = { "": "dark", dark: "light", light: "" } as const;
type Choice = keyof typeof next;

function read(): Choice {
  const text = localStorage.getItem(kept) ?? "";
  return text === "dark" || text === "light" ? text : "";
}

export function Theme() {
  const [choice, choose] = useState<Choice>(read);
  useEffect(() => {
    document.documentElement.dataset["theme"] = choice;
    localStorage.setItem(kept, choice);
  }, [choice]);
  const name = choice === "" ? "system" : choice;
  return (
    <button
      type="button"
      class="theme"
      title={`colours: ${name}`}
      aria-label={`colours: ${name}`}
      onClick={() => {
        choose(next[choice]);
      }}
    >
      {choice === "dark" ? "☾" : choice === "light" ? "☀" : "◐"}
    </button>
  );
}
