/** Values and failures of users, cut where they are longer than anybody reads. */
import type { Failure } from "../../failure.ts";
import { line, whole } from "../../inspector/model/words.ts";
import { html, type Html } from "./html.ts";

/** Characters of a value, of a message and of a stack; causes of a failure. */
const most = { value: 4_000, message: 2_000, stack: 6_000, causes: 20 } as const;

export function shortened(text: string, length: number): Html {
  if (text.length <= length) return html`${text}`;
  const left = (text.length - length).toLocaleString("en");
  return html`${text.slice(0, length)}<span class="dim"> … (cut here: ${left} characters more)</span>`;
}

/** In one line, to be unfolded where that is not all of it. */
export function shownValue(value: unknown): Html {
  const text = whole(value);
  const short = line(value);
  if (text === short) return html`<code>${text}</code>`;
  return html`<details><summary><code>${short}</code></summary><pre>${shortened(text, most.value)}</pre></details>`;
}

export function shownFailure(failure: Failure): Html {
  const causes: Html[] = [];
  let cause = failure.cause;
  for (; cause !== undefined && causes.length < most.causes; cause = cause.cause) {
    causes.push(html`<li>caused by ${headOf(cause)}</li>`);
  }
  if (cause !== undefined) causes.push(html`<li class="dim">and more causes</li>`);
  const { stack } = failure;
  return html`<div class="bad">${headOf(failure)}</div>${
    causes.length === 0 ? undefined : html`<ul class="causes">${causes}</ul>`
  }${
    stack === undefined
      ? undefined
      : html`<details><summary>stack</summary><pre>${shortened(stack, most.stack)}</pre></details>`
  }`;
}

function headOf({ name, message, code }: Failure): Html {
  const numbered = code === undefined ? "" : ` (${code})`;
  return html`<strong>${name}</strong>: ${shortened(message, most.message)}${numbered}`;
}
