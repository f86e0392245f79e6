/** The task graph with live states. */
import { useEffect, useState } from "preact/hooks";
import type { Blueprint } from "../../compile/blueprint.ts";
import type { Moment } from "../model/player.ts";
import { type Drawing, drawingOf, type Drawn } from "./drawing.ts";
import { type Sight, Sheet } from "./sheet.tsx";

interface GraphProps {
  readonly moment: Moment;
  readonly selected: string;
  readonly select: (name: string) => void;
}

/** Below this, names are too small to be read and are left out. */
const readable = 0.4;

export function Graph({ moment, selected, select }: GraphProps) {
  const { blueprint } = moment.state;
  const [turned, setTurned] = useState(false);
  const { drawing, problem } = useDrawing(blueprint, turned);
  if (problem !== "") return <p class="problem">{problem}</p>;
  if (drawing === undefined) return <p class="empty">laying out {blueprint.atoms.length} atoms…</p>;
  const turn = (
    <button
      type="button"
      title="turn the graph"
      onClick={() => {
        setTurned(!turned);
      }}
    >
      ⟳
    </button>
  );
  return (
    <Sheet width={drawing.width} height={drawing.height} label="task graph" tools={turn}>
      {(sight) => <Inside {...{ drawing, sight, moment, selected, select }} />}
    </Sheet>
  );
}

/** How much wider than high the graph's pane is. */
const shapeOf = (): number => (innerWidth > 860 ? (innerWidth * 0.63) / (innerHeight * 0.5) : 0.8);

function useDrawing(blueprint: Blueprint, turned: boolean) {
  const [drawing, setDrawing] = useState<Drawing>();
  const [problem, setProblem] = useState("");
  useEffect(() => {
    let isOver = false;
    drawingOf(blueprint, shapeOf(), turned).then(
      (done) => {
        if (!isOver) setDrawing(done);
      },
      (error: unknown) => {
        setProblem(String(error));
      },
    );
    return () => {
      isOver = true;
    };
  }, [blueprint, turned]);
  return { drawing, problem };
}

interface InsideProps extends GraphProps {
  readonly drawing: Drawing;
  readonly sight: Sight;
}

function Inside({ drawing, sight, moment, selected, select }: InsideProps) {
  const { state } = moment;
  const isIn = (left: number, top: number, right: number, bottom: number): boolean =>
    right >= sight.left && left <= sight.right && bottom >= sight.top && top <= sight.bottom;
  const lines = drawing.lines.filter(({ area }) => isIn(...area));
  const boxes = drawing.boxes.filter(({ x, y, width, height }) =>
    isIn(x, y, x + width, y + height),
  );
  const isDone = (id: string): boolean => {
    const atom = Number(id.slice(1));
    return id.startsWith("a") && state.stateOf(atom) === "SUCCESS";
  };
  return (
    <>
      <defs>
        <marker
          id="tip"
          viewBox="0 0 8 8"
          refX="7"
          refY="4"
          markerWidth="7"
          markerHeight="7"
          orient="auto"
        >
          <path d="M0 0L8 4L0 8z" class="tip" />
        </marker>
      </defs>
      {boxes.map((box) =>
        box.kind === "flow" ? (
          <g key={box.id} class="scope">
            <rect x={box.x} y={box.y} width={box.width} height={box.height} rx={10} />
            {sight.zoom > readable / 2 && (
              <text x={box.x + 12} y={box.y + 20}>
                {box.name}
              </text>
            )}
          </g>
        ) : null,
      )}
      {lines.map(({ from, to, path, isDecided }) => (
        <path
          key={`${from}>${to}`}
          class={`edge${isDecided ? " decided" : ""}${isDone(from) ? " passed" : ""}`}
          d={path}
          marker-end="url(#tip)"
        />
      ))}
      {boxes.map((box) =>
        box.kind === "flow" ? null : (
          <Atom
            key={box.id}
            box={box}
            moment={moment}
            isBare={drawing.isSimple || sight.zoom < readable}
            isSelected={box.name === selected}
            select={select}
          />
        ),
      )}
    </>
  );
}

interface AtomProps {
  readonly box: Drawn;
  readonly moment: Moment;
  readonly isBare: boolean;
  readonly isSelected: boolean;
  readonly select: (name: string) => void;
}

function Atom({ box, moment, isBare, isSelected, select }: AtomProps) {
  const { name, kind, atom, x, y, width, height } = box;
  const { value, context } = moment.state.snapshotOf(atom);
  const choose = (): void => {
    select(name);
  };
  const isActive = value === "RUNNING" || value === "REVERTING" || value === "RETRYING";
  const { attempt, progress } = context;
  return (
    <g
      class={`atom ${kind}${isSelected ? " selected" : ""}${isActive ? " active" : ""}`}
      data-state={value}
      data-atom={name}
      role="button"
      tabIndex={isBare ? -1 : 0}
      aria-label={`${name}, ${value}`}
      onClick={choose}
      onKeyDown={(event) => {
        if (event.key === "Enter" || event.key === " ") choose();
      }}
    >
      <rect x={x} y={y} width={width} height={height} rx={kind === "retry" ? height / 2 : 7} />
      <title>{`${name}\n${value}${attempt > 1 ? `, attempt ${attempt}` : ""}`}</title>
      {!isBare && (
        <>
          <circle cx={x + 16} cy={y + height / 2} r={5} />
          <text x={x + 30} y={y + height / 2 + 4.5}>
            {shortened(name, width)}
          </text>
          {attempt > 1 && (
            <text class="tries" x={x + width - 8} y={y + 13}>
              ×{attempt}
            </text>
          )}
          {isActive && progress > 0 && (
            <rect
              class="fill"
              x={x + 6}
              y={y + height - 6}
              width={(width - 12) * progress}
              height={2.5}
              rx={1}
            />
          )}
        </>
      )}
    </g>
  );
}

function shortened(name: string, width: number): string {
  const letters = Math.floor((width - 40) / 7);
  return name.length <= letters ? name : `${name.slice(0, letters - 1)}…`;
}
