/** A link within the page. */
import type { ComponentChildren } from "preact";
import { go, hrefOf, type Query } from "./url.ts";

interface LinkProps {
  readonly to: Query;
  readonly class?: string;
  readonly current?: boolean;
  readonly children: ComponentChildren;
}

export function Link({ to, current = false, children, ...rest }: LinkProps) {
  const open = (event: MouseEvent): void => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
    event.preventDefault();
    go(to);
  };
  return (
    <a {...rest} href={hrefOf(to)} onClick={open} aria-current={current ? "page" : undefined}>
      {children}
    </a>
  );
}
