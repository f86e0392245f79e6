/** A drawing that can be moved and made larger: by mouse, touch and keys. */
import type { ComponentChildren, RefObject } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";

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

/** The view of a drawing in a box of the page, and what changes it. */
function useView(width: number, height: number) {
  const box = useRef<HTMLDivElement>(null);
  const size = useSize(box);
  const [chosen, setView] = useState<View>();
  useEffect(() => {
    setView(undefined);
  }, [width, height]);
  const view = chosen ?? fitted(size, width, height);
  const zoomBy = (factor: number, x = size.width / 2, y = size.height / 2): void => {
    const zoom = bounded(view.zoom * factor);
    setView({
      zoom,
      x: view.x + x / zoom - x / view.zoom,
      y: view.y + y / zoom - y / view.zoom,
    });
  };
  const moveBy = (x: number, y: number, from = view): void => {
    setView({ ...from, x: from.x + x / from.zoom, y: from.y + y / from.zoom });
  };
  const fit = (): void => {
    setView(undefined);
  };
  useWheel(box, (event, { left, top }) => {
    if (event.shiftKey) moveBy(-event.deltaX || -event.deltaY, 0);
    else zoomBy(Math.exp(-event.deltaY / 400), event.clientX - left, event.clientY - top);
  });
  return { box, size, view, zoomBy, moveBy, fit };
}

interface Size {
  readonly width: number;
  readonly height: number;
}

function fitted(size: Size, width: number, height: number): View {
  const most = Math.min(zooms.fitted, size.width / (width || 1), size.height / (height || 1));
  const zoom = bounded(most || 1);
  return { zoom, x: (size.width / zoom - width) / 2, y: (size.height / zoom - height) / 2 };
}

function useSize(box: RefObject<HTMLDivElement | null>): Size {
  const [size, setSize] = useState<Size>({ width: 0, height: 0 });
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
  }, [box]);
  return size;
}

function useWheel(
  box: RefObject<HTMLDivElement | null>,
  turned: (event: WheelEvent, at: DOMRect) => void,
): void {
  const latest = useRef(turned);
  latest.current = turned;
  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    const wheel = (event: WheelEvent): void => {
      event.preventDefault();
      latest.current(event, element.getBoundingClientRect());
    };
    // The page must not scroll at the same time, and says so too late otherwise.
    element.addEventListener("wheel", wheel, { passive: false });
    return () => {
      element.removeEventListener("wheel", wheel);
    };
  }, [box]);
}

/** Pixels that an arrow key moves by; how far a pointer goes before it drags. */
const steps = { key: 60, drag: 4 } as const;

export function Sheet({ width, height, label, children, tools }: SheetProps) {
  const { box, size, view, zoomBy, moveBy, fit } = useView(width, height);
  const drag = useRef<{ readonly x: number; readonly y: number; readonly view: View } | undefined>(
    undefined,
  );
  const keys: Readonly<Record<string, () => void>> = {
    ArrowLeft: () => moveBy(steps.key, 0),
    ArrowRight: () => moveBy(-steps.key, 0),
    ArrowUp: () => moveBy(0, steps.key),
    ArrowDown: () => moveBy(0, -steps.key),
    "+": () => zoomBy(1.25),
    "-": () => zoomBy(0.8),
    "0": fit,
  };
  const sight: Sight = {
    left: -view.x,
    top: -view.y,
    right: size.width / view.zoom - view.x,
    bottom: size.height / view.zoom - view.y,
    zoom: view.zoom,
  };
  return (
    <div
      class="sheet"
      ref={box}
      role="application"
      aria-label={`${label}: arrows move, plus and minus zoom, 0 fits`}
      tabIndex={0}
      onKeyDown={(event) => {
        const act = event.target === event.currentTarget ? keys[event.key] : undefined;
        if (act === undefined) return;
        event.preventDefault();
        act();
      }}
      onPointerDown={(event) => {
        if (event.button === 0) drag.current = { x: event.clientX, y: event.clientY, view };
      }}
      onPointerMove={(event) => {
        const from = drag.current;
        if (from === undefined || event.buttons === 0) return;
        const [x, y] = [event.clientX - from.x, event.clientY - from.y];
        if (Math.abs(x) + Math.abs(y) >= steps.drag) moveBy(x, y, from.view);
      }}
      onPointerUp={() => {
        drag.current = undefined;
      }}
    >
      <svg width={size.width} height={size.height}>
        <g transform={`scale(${view.zoom}) translate(${view.x} ${view.y})`}>
          {size.width > 0 && children(sight)}
        </g>
      </svg>
      <Tools {...{ tools, zoomBy, fit }} />
    </div>
  );
}

interface ToolsProps {
  readonly tools: ComponentChildren;
  readonly zoomBy: (factor: number) => void;
  readonly fit: () => void;
}

function Tools({ tools, zoomBy, fit }: ToolsProps) {
  return (
    <div class="tools">
      {tools}
      <button type="button" title="larger" onClick={() => zoomBy(1.25)}>
        +
      </button>
      <button type="button" title="smaller" onClick={() => zoomBy(0.8)}>
        −
      </button>
      <button type="button" title="all of it" onClick={fit}>
        ⤢
      </button>
    </div>
  );
}
