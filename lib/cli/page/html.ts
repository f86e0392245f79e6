/** HTML in which whatever is put into a template is text, unless it is HTML of ours already. */
import { escapeMarkup } from "../../statechart/export/markup.ts";

export class Html {
  readonly text: string;

  /** @param text - trusted: nobody else's words are in there, or they are escaped */
  constructor(text: string) {
    this.text = text;
  }
}

type Part = string | number | Html | undefined | readonly Part[];

/** Parts are escaped; undefined is nothing; lists are one after the other. */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Html {
  let text = strings[0] ?? "";
  parts.forEach((part, at) => {
    text += textOf(part) + (strings[at + 1] ?? "");
  });
  return new Html(text);
}

function textOf(part: Part): string {
  if (part === undefined) return "";
  if (part instanceof Html) return part.text;
  if (typeof part === "object") return part.map(textOf).join("");
  return escaped(String(part));
}

/** What turns the direction of a text around would make it seem another one. */
const unseen = /[^\P{Cc}\n\t]|[\u202a-\u202e\u2066-\u2069\ufffe\uffff]/gu;

const escaped = (text: string): string => escapeMarkup(text, unseen);
