/** A long list of which only what is in sight is drawn. All rows are of one height. */
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

interface RowsProps {
  readonly count: number;
  /** Pixels. */
  readonly height: number;
  readonly label: string;
  readonly row: (at: number) => ComponentChildren;
  /** Called with the rows in sight when they change. */
  readonly seen?: (first: number, last: number) => void;
  /** A row to be brought into sight when it changes. */
  readonly show?: number;
  readonly class?: string;
  /** Stands above the rows and stays in sight. */
  readonly head?: ComponentChildren;
  /** Pixels that rows take at least; it scrolls sideways when there is less room. */
  readonly width?: number;
}

/** Rows drawn beyond what is in sight. */
const spare = 8;

/** Browsers lay nothing out beyond some 16 million pixels. */
const tallest = 8_000_000;

export function Rows(props: RowsProps) {
  const { count, height, label, row, seen, show, head, width, ...rest } = props;
  const box = useRef<HTMLDivElement>(null);
  const above = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  const [tall, setTall] = useState(600);
  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    const observer = new ResizeObserver(() => {
      setTall(element.clientHeight);
    });
    observer.observe(element);
    return () => {
      observer.disconnect();
    };
  }, []);
  useEffect(() => {
    const element = box.current;
    if (element === null || show === undefined || show < 0) return;
    const at = show * height;
    const tall = element.clientHeight - (above.current?.clientHeight ?? 0);
    if (at < element.scrollTop) element.scrollTop = at;
    else if (at + height > element.scrollTop + tall) element.scrollTop = at + height - tall;
  }, [show, height]);
  const first = Math.max(0, Math.floor(top / height) - spare);
  const last = Math.min(count, Math.ceil((top + tall) / height) + spare);
  useEffect(() => {
    seen?.(first, last);
  }, [first, last, count, seen]);
  const drawn = [];
  for (let at = first; at < last; at++) {
    drawn.push(
      <div key={at} class="row" style={{ top: `${at * height}px`, height: `${height}px` }}>
        {row(at)}
      </div>,
    );
  }
  return (
    <div
      {...rest}
      class={`rows ${rest.class ?? ""}`}
      ref={box}
      role="region"
      aria-label={label}
      tabIndex={0}
      onScroll={(event) => {
        setTop(event.currentTarget.scrollTop);
      }}
    >
      {head !== undefined && (
        <div class="above" ref={above} style={{ minWidth: `${width ?? 0}px` }}>
          {head}
        </div>
      )}
      <div
        class="all"
        style={{ height: `${Math.min(count * height, tallest)}px`, minWidth: `${width ?? 0}px` }}
      >
        {drawn}
      </div>
    </div>
  );
}
