/** A drawing that can be moved and made larger: by mouse, touch and keys. */
import type { ComponentChildren } from "preact";
import { useCallback, useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";

/** What of the drawing is in sight, in its own units, and how many pixels a unit has. */
export interface Sight {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
  readonly zoom: number;
}

interface SheetProps {
  readonly width: number;
  readonly height: number;
  readonly label: string;
  readonly children: (sight: Sight) => ComponentChildren;
  readonly tools?: ComponentChildren;
}

interface View {
  readonly x: number;
  readonly y: number;
  readonly zoom: number;
}

const zooms = { least: 0.02, most: 3, fitted: 1.15 } as const;

const bounded = (zoom: number): number => Math.min(zooms.most, Math.max(zooms.least, zoom));

export function Sheet({ width, height, label, children, tools }: SheetProps) {
  const box = useRef<HTMLDivElement>(null);
  const [size, setSize] = useState({ width: 0, height: 0 });
  const [view, setView] = useState<View>();
  const drag = useRef<{ readonly x: number; readonly y: number; readonly view: View } | undefined>(undefined);
  useLayoutEffect(() => {
    const element = box.current;
    if (element === null) return;
    const observer = new ResizeObserver(() => {
      setSize({ width: element.clientWidth, height: element.clientHeight });
    });
    observer.observe(element);
    return () => {
      observer.disconnect();
    };
  }, []);
  const fit = useCallback((): View => {
    const zoom = bounded(
      Math.min(zooms.fitted, size.width / (width || 1), size.height / (height || 1)) || 1,
    );
    return { zoom, x: (size.width / zoom - width) / 2, y: (size.height / zoom - height) / 2 };
  }, [size, width, height]);
  useEffect(() => {
    setView(undefined);
  }, [width, height]);
  const at = view ?? fit();
  const zoomBy = (factor: number, x = size.width / 2, y = size.height / 2): void => {
    const zoom = bounded(at.zoom * factor);
    setView({ zoom, x: at.x + x / zoom - x / at.zoom, y: at.y + y / zoom - y / at.zoom });
  };
  const moveBy = (x: number, y: number): void => {
    setView({ ...at, x: at.x + x / at.zoom, y: at.y + y / at.zoom });
  };
  const onWheel = useRef<(event: WheelEvent) => void>(() => undefined);
  onWheel.current = (event) => {
    event.preventDefault();
    const { left, top } = (box.current as HTMLDivElement).getBoundingClientRect();
    if (event.shiftKey) moveBy(-event.deltaX || -event.deltaY, 0);
    else zoomBy(Math.exp(-event.deltaY / 400), event.clientX - left, event.clientY - top);
  };
  useEffect(() => {
    const element = box.current;
    const wheel = (event: WheelEvent): void => {
      onWheel.current(event);
    };
    // The page must not scroll at the same time, and says so too late otherwise.
    element?.addEventListener("wheel", wheel, { passive: false });
    return () => element?.removeEventListener("wheel", wheel);
  }, []);
  const onKey = (event: KeyboardEvent): void => {
    const moves: Record<string, () => void> = {
      ArrowLeft: () => { moveBy(60, 0); },
      ArrowRight: () => { moveBy(-60, 0); },
      ArrowUp: () => { moveBy(0, 60); },
      ArrowDown: () => { moveBy(0, -60); },
      "+": () => { zoomBy(1.25); },
      "-": () => { zoomBy(0.8); },
      "0": () => { setView(undefined); },
    };
    const move = event.target === event.currentTarget ? moves[event.key] : undefined;
    if (move === undefined) return;
    event.preventDefault();
    move();
  };
  const sight: Sight = {
    left: -at.x,
    top: -at.y,
    right: size.width / at.zoom - at.x,
    bottom: size.height / at.zoom - at.y,
    zoom: at.zoom,
  };
  return (
    <div
      class="sheet"
      ref={box}
      role="application"
      aria-label={`${label}: arrows move, plus and minus zoom, 0 fits`}
      tabIndex={0}
      onKeyDown={onKey}
      onPointerDown={(event) => {
        if (event.button === 0) drag.current = { x: event.clientX, y: event.clientY, view: at };
      }}
      onPointerMove={(event) => {
        const from = drag.current;
        if (from === undefined || event.buttons === 0) return;
        const [x, y] = [event.clientX - from.x, event.clientY - from.y];
        if (Math.abs(x) + Math.abs(y) < 4) return;
        setView({ ...from.view, x: from.view.x + x / at.zoom, y: from.view.y + y / at.zoom });
      }}
      onPointerUp={() => {
        drag.current = undefined;
      }}
    >
      <svg width={size.width} height={size.height}>
        <g transform={`scale(${at.zoom}) translate(${at.x} ${at.y})`}>
          {size.width > 0 && children(sight)}
        </g>
      </svg>
      <div class="tools">
        {tools}
        <button type="button" title="larger" onClick={() => { zoomBy(1.25); }}>+</button>
        <button type="button" title="smaller" onClick={() => { zoomBy(0.8); }}>−</button>
        <button type="button" title="all of it" onClick={() => { setView(undefined); }}>⤢</button>
      </div>
    </div>
  );
}
