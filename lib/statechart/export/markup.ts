/** Texts of users in XML and HTML. */

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** @param unseen - what can't be said there, or should not: a replacement character stands for it */
export const escapeMarkup = (text: string, unseen: RegExp): string =>
  text
    .toWellFormed()
    .replace(unseen, "\uFFFD")
    .replace(/[&<>"']/g, (character) => entities[character] ?? "");
