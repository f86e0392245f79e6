/** Machines written to have every feature that a table must get right, or must leave to the interpreter. */
import {
  and,
  type AnyStateMachine,
  assign,
  cancel,
  createMachine,
  emit,
  enqueueActions,
  log,
  not,
  or,
  raise,
  sendTo,
  setup,
  spawnChild,
  stateIn,
  stopChild,
} from "xstate";

export interface Exhibit {
  readonly name: string;
  /** A new machine each time: one is left to the interpreter, the other is accelerated. */
  make(): AnyStateMachine;
  readonly events: readonly { readonly type: string; readonly [field: string]: unknown }[];
  readonly input?: unknown;
  /** It only changes its context, so that a bare step can take its events. */
  readonly pure?: boolean;
  /** How many (leaf, event) steps the table leaves to the interpreter; "all": it has no table. Default 0. */
  readonly gaps?: number | "all";
}

const events = (...types: string[]): { type: string }[] => types.map((type) => ({ type }));

const note = (text: string) => ({ type: "note", params: { text } }) as const;

/** Entry and exit actions that tell which state they belong to. */
const told = (name: string) => ({ entry: note(`>${name}`), exit: note(`<${name}`) });

const notes = setup({
  types: { context: {} as { n: number } },
  guards: { odd: ({ context }) => context.n % 2 === 1 },
  actions: {
    note: (...told: [args: unknown, params: { text: string }]) => told.length,
    inc: assign({ n: ({ context }) => (context.n + 1) % 3 }),
  },
});

const nested: Exhibit = {
  name: "nested states, with every kind of target",
  events: events(
    ...["HOME", "INC", "BIG", "ROOT", "ROOT_RE", "GO", "SELF", "SELF_RE", "STAY", "RE", "DOWN"],
    ...["DEEP", "NEXT", "UP", "NZ", "UPZ", "OUT", "END", "BOGUS", "ONLY", "xstate.init"],
  ),
  make: () =>
    notes.createMachine({
      id: "n",
      initial: "a",
      context: { n: 0 },
      ...told("root"),
      on: {
        HOME: ".a",
        INC: { actions: "inc" },
        BIG: { target: ".b.y", reenter: true },
        ROOT: "#n",
        ROOT_RE: { target: "#n", reenter: true },
        ONLY: { reenter: true, actions: note("only") },
      },
      states: {
        a: {
          ...told("a"),
          on: { GO: "b", SELF: { target: "a" }, SELF_RE: { target: "a", reenter: true } },
        },
        b: {
          initial: "x",
          tags: ["busy"],
          meta: { colour: "red" },
          entry: ["inc", note(">b")],
          exit: note("<b"),
          on: {
            GO: { guard: "odd", target: "c" },
            STAY: "b",
            RE: { target: "b", reenter: true },
            DOWN: ".y",
            DEEP: { target: ".z.p", reenter: true },
            ROOT: "#n",
          },
          states: {
            x: { ...told("x"), on: { NEXT: "y", INC: undefined } },
            y: { ...told("y"), tags: ["late"], on: { NEXT: "x", UP: "#n.a", NZ: "z" } },
            z: {
              ...told("z"),
              initial: "p",
              states: {
                p: { exit: note("<p"), on: { NEXT: "q" } },
                q: { entry: note(">q"), on: { NEXT: "#n.b.x", UPZ: "#n.b.z", OUT: "#n.c" } },
              },
            },
          },
        },
        c: { ...told("c"), on: { END: "d" } },
        d: { ...told("d"), type: "final" },
      },
    }),
};

const initials: Exhibit = {
  name: "initial actions, done by default entry only",
  events: events("DEFAULT", "DEEP", "INNER", "BACK", "AGAIN"),
  make: () =>
    notes.createMachine({
      id: "i",
      context: { n: 0 },
      initial: { target: "idle", actions: note("to idle") },
      states: {
        idle: { on: { DEFAULT: "outer", DEEP: "#leaf", INNER: "outer.middle" } },
        outer: {
          ...told("outer"),
          initial: { target: "middle", actions: [note("to middle"), "inc"] },
          on: { BACK: "idle", AGAIN: ".middle" },
          states: {
            middle: {
              ...told("middle"),
              initial: { target: "leaf", actions: note("to leaf") },
              states: { leaf: { id: "leaf", ...told("leaf") } },
            },
          },
        },
      },
    }),
};

const wildcards: Exhibit = {
  name: "wildcards and forbidden transitions",
  events: events(
    ...["back", "mouse", "mouse.down", "mouse.down.left", "mouse.up", "mice", "key"],
    ...["secret", "secret.x", "*", "a.*.b", "a.x.b", "xstate.mine"],
  ),
  make: () =>
    notes.createMachine({
      context: { n: 0 },
      initial: "one",
      on: { "*": { actions: ["inc", note("any")] }, secret: undefined, "a.*.b": ".two" },
      states: {
        one: {
          on: {
            "mouse.*": { actions: note("mouse") },
            "mouse.down.*": [{ guard: "odd", target: "two" }, { actions: note("down") }],
            "mouse.up": undefined,
            key: "two",
          },
        },
        two: { on: { "*": [{ guard: "odd", target: "one" }], back: "one", "secret.*": "one" } },
      },
    }),
};

const guarded = setup({
  types: { context: {} as { n: number }, events: {} as { type: string; by?: number } },
  guards: {
    isAt: ({ context }, params: { n: number }) => context.n === params.n,
    by: ({ event }, params: number) => event.by === params,
    even: ({ context }) => context.n % 2 === 0,
    breaks: () => {
      throw new Error("no luck");
    },
    both: and(["even", not({ type: "isAt", params: { n: 2 } })]),
  },
  actions: {
    inc: assign({ n: ({ context }) => (context.n + 1) % 4 }),
    set: assign({ n: (_, params: { n: number }) => params.n }),
    write: assign((_, params: { n: number }) => ({ n: params.n })),
    tell: (...told: [args: unknown, params: { n: number }]) => told.length,
  },
});

const guards: Exhibit = {
  name: "guards and params, static, computed and composed",
  events: [
    ...events("INC", "AT", "EVEN", "BOTH", "OR", "IN", "BREAK", "BREAK_INLINE", "TELL"),
    { type: "BY", by: 1 },
    { type: "BY", by: 2 },
    { type: "SET", by: 3 },
  ],
  make: () =>
    guarded.createMachine({
      id: "g",
      context: { n: 0 },
      initial: "a",
      on: {
        INC: { actions: "inc" },
        AT: { guard: { type: "isAt", params: { n: 2 } }, target: ".b" },
        BY: [
          {
            guard: { type: "by", params: ({ context }) => context.n },
            actions: { type: "set", params: ({ event }) => ({ n: event.by ?? 0 }) },
          },
          { guard: ({ event }) => event.by === 2, target: ".b" },
        ],
        SET: { actions: { type: "write", params: ({ event }) => ({ n: event.by ?? 0 }) } },
        TELL: {
          actions: [
            { type: "tell", params: ({ context }) => ({ n: context.n }) },
            "inc",
            { type: "tell", params: ({ context }) => ({ n: context.n }) },
          ],
        },
        EVEN: { guard: "even", target: ".a" },
        BOTH: { guard: "both", target: ".b" },
        OR: { guard: or([{ type: "isAt", params: { n: 3 } }, stateIn("b")]), target: ".a" },
        IN: { guard: stateIn("#g.b"), target: ".a" },
        BREAK: [{ guard: "even", target: ".b" }, { guard: "breaks" }],
        BREAK_INLINE: {
          guard: () => {
            throw new Error("inline");
          },
        },
      },
      states: { a: {}, b: {} },
    }),
};

const contexts: Exhibit = {
  name: "contexts that change their keys",
  events: events("ADD", "MORE", "NAMED", "NOTHING", "SEVERAL", "THROW"),
  make: () =>
    createMachine({
      types: { context: {} },
      context: { n: 0 },
      initial: "a",
      on: {
        ADD: { actions: assign({ added: ({ context }) => Number(context.added ?? 0) + 1 }) },
        MORE: { actions: assign(({ context }) => ({ [`k${String(context.n)}`]: true })) },
        NAMED: { actions: assign({ n: 1, list: () => [1, 2] }) },
        NOTHING: { actions: assign({}) },
        SEVERAL: {
          actions: [
            assign({ n: 2 }),
            function seen() {},
            assign(({ context }) => ({ was: context.n as unknown })),
            () => {},
          ],
          target: ".b",
        },
        THROW: {
          actions: assign(() => {
            throw new Error("assign");
          }),
        },
      },
      states: { a: {}, b: {} },
    }),
};

const quiet: Exhibit = {
  name: "a machine that only changes its context",
  events: [...events("NO", "GO", "BACK", "END", "mouse.up", "mouse.down"), { type: "BY", by: 2 }],
  pure: true,
  make: () =>
    guarded.createMachine({
      context: { n: 0 },
      initial: "a",
      on: { NO: ".b", "mouse.*": { actions: "inc" }, "mouse.up": undefined },
      output: ({ context }) => context.n,
      states: {
        a: { on: { NO: undefined, GO: "b" } },
        b: {
          initial: "x",
          entry: "inc",
          exit: "inc",
          states: {
            x: { on: { GO: { guard: "even", target: "y" }, END: "#end" } },
            y: {
              on: {
                BY: { actions: { type: "set", params: ({ event }) => ({ n: event.by ?? 0 }) } },
                GO: { target: "#b", reenter: true },
                BACK: "#b",
              },
            },
          },
          id: "b",
        },
        end: { id: "end", type: "final", entry: "inc" },
      },
    }),
};

const finals: Exhibit = {
  name: "final states with output",
  events: [...events("PLAIN", "CONST", "AGAIN"), { type: "MADE", value: 7 }],
  make: () =>
    notes.createMachine({
      id: "f",
      context: { n: 1 },
      initial: "a",
      ...told("root"),
      on: { AGAIN: ".a" },
      output: ({ context, event, self }) => [context.n, event as unknown, typeof self],
      states: {
        a: { exit: "inc", on: { PLAIN: "plain", CONST: "constant", MADE: "made" } },
        plain: { type: "final", entry: "inc", exit: ["inc", note("<plain")] },
        constant: { type: "final", output: "constant" },
        made: {
          type: "final",
          entry: "inc",
          output: ({ context, event }: { context: { n: number }; event: { value?: unknown } }) => [
            context.n,
            event.value,
          ],
        },
      },
    }),
};

const doneAtOnce: Exhibit = {
  name: "a machine that is done at once",
  events: events("X"),
  make: () =>
    notes.createMachine({
      context: { n: 0 },
      initial: "end",
      entry: "inc",
      output: () => ({ made: 42 }),
      states: { end: { type: "final", ...told("end") } },
    }),
};

const nestedFinal: Exhibit = {
  name: "a nested final state, whose done event leads on",
  events: events("GO", "OUT", "BACK", "INC"),
  gaps: 1,
  make: () =>
    notes.createMachine({
      context: { n: 0 },
      initial: "a",
      on: { INC: { actions: "inc" } },
      states: {
        a: {
          initial: "x",
          onDone: { target: "b", actions: "inc" },
          states: { x: { on: { GO: "y", OUT: "#z" } }, y: { type: "final" } },
        },
        b: { id: "z", on: { BACK: "a" } },
      },
    }),
};

const timers: Exhibit = {
  name: "timers, delayed and cancelled raises, emits and logs",
  events: events(
    ...["GO", "BACK", "SLOW", "STOP", "TELL", "LOG", "SELF", "LATER", "x", "LOOP"],
    ...["xstate.after.1000.(machine).a", "xstate.after.named.(machine).a"],
    ...["xstate.after.made.(machine).made"],
  ),
  gaps: 1,
  make: () =>
    setup({
      types: { context: {} as { n: number } },
      delays: { named: 500, made: ({ context }) => context.n * 10 },
      actions: { inc: assign({ n: ({ context }) => (context.n + 1) % 2 }) },
    }).createMachine({
      context: { n: 0 },
      initial: "a",
      on: {
        SLOW: { actions: raise({ type: "x" }, { delay: 5, id: "slow" }) },
        STOP: { actions: cancel("slow") },
        TELL: {
          actions: [
            emit({ type: "told" }),
            "inc",
            emit(({ context }) => ({ type: "n", ...context })),
          ],
        },
        LOG: { actions: log(({ context }) => context.n, "label") },
        SELF: { actions: sendTo(({ self }) => self, { type: "x" }) },
        LATER: { actions: sendTo(({ self }) => self, { type: "x" }, { delay: 9, id: "later" }) },
        x: { actions: "inc" },
      },
      states: {
        a: {
          on: { GO: "made", LOOP: { target: "a", reenter: true } },
          after: { 1000: "b", named: "b" },
        },
        b: { on: { BACK: "a" } },
        made: { on: { BACK: "a" }, after: { made: { target: "b", actions: "inc" } } },
      },
    }),
};

const queues: Exhibit = {
  name: "actions that queue events and actions",
  events: events("RAISE", "ENQUEUE", "INC", "NEXT"),
  gaps: 4,
  make: () =>
    notes.createMachine({
      context: { n: 0 },
      initial: "a",
      on: {
        RAISE: { actions: [raise({ type: "NEXT" }), "inc"] },
        ENQUEUE: {
          actions: enqueueActions(({ enqueue, check }) => {
            if (check("odd")) enqueue("inc");
            enqueue(note("queued"));
          }),
        },
        INC: { actions: "inc" },
      },
      states: { a: { on: { NEXT: "b" } }, b: { on: { NEXT: "a" } } },
    }),
};

const child = createMachine({ id: "child", on: { HELLO: {} } });

const parents: Exhibit = {
  name: "spawned children",
  events: events(
    ...["SPAWN", "ASSIGN", "TELL", "STOP", "END", "END_SPAWN", "INC", "xstate.done.actor.kid"],
    ...["xstate.error.actor.kid", "xstate.error.actor.other", "xstate.stop"],
  ),
  make: () =>
    setup({
      types: { context: {} as { n: number; ref: unknown } },
      actors: { child },
      guards: { has: ({ context }) => context.ref !== undefined },
      actions: { inc: assign({ n: ({ context }) => (context.n + 1) % 2 }) },
    }).createMachine({
      context: ({ spawn }) => ({ n: 0, ref: undefined, first: spawn("child", { id: "first" }) }),
      initial: "a",
      on: {
        SPAWN: { actions: spawnChild("child", { id: "kid" }) },
        ASSIGN: {
          actions: assign({ ref: ({ spawn }) => spawn("child", { id: "held" }).id }),
        },
        TELL: { guard: "has", actions: sendTo("held", { type: "HELLO" }) },
        STOP: { actions: stopChild("kid") },
        INC: { actions: "inc" },
        END: ".end",
        END_SPAWN: {
          target: ".end",
          actions: assign(({ spawn }) => ({ ref: spawn("child", { id: "late" }).id })),
        },
        "xstate.done.actor.kid": { actions: "inc" },
        "xstate.error.actor.kid": { actions: "inc" },
      },
      states: { a: {}, end: { type: "final" } },
    }),
};

const faulty = (name: string, make: () => AnyStateMachine): Exhibit => ({
  name,
  make,
  events: events("X", "Y"),
  input: { n: 3 },
});

const faults: readonly Exhibit[] = [
  faulty("a context made from input", () =>
    createMachine({
      types: { context: {} as { n: number }, input: {} as { n: number } },
      context: ({ input }) => ({ n: input.n }),
      on: { X: { actions: assign(({ context }) => ({ n: (Number(context.n) + 1) % 5 })) } },
    }),
  ),
  faulty("a context function that throws", () =>
    createMachine({
      context: () => {
        throw new Error("context");
      },
    }),
  ),
  faulty("an entry assign that throws", () =>
    createMachine({
      context: { n: 0 },
      entry: assign({ n: 1 }),
      tags: "outer",
      initial: "a",
      states: {
        a: {
          tags: "inner",
          entry: assign(() => {
            throw new Error("entry");
          }),
        },
      },
    }),
  ),
  faulty("an action that isn't there", () =>
    createMachine({
      on: { X: { actions: { type: "nowhere", params: 1 } }, Y: { actions: "gone" } },
    }),
  ),
  {
    ...faulty("a guard that isn't there", () =>
      createMachine({ on: { X: { guard: "nowhere", actions: "gone" }, Y: { actions: "gone" } } }),
    ),
    gaps: 1,
  },
  faulty("a machine without states or context", () => createMachine({ on: { X: {} } })),
];

const beyond = (name: string, config: object): Exhibit => ({
  name,
  make: () => notes.createMachine({ context: { n: 0 }, ...config }) as AnyStateMachine,
  events: events("X", "Y", "INC"),
  gaps: "all",
});

const interpretedWhole: readonly Exhibit[] = [
  beyond("parallel states", {
    type: "parallel",
    on: { INC: { actions: "inc" } },
    states: {
      p: { initial: "a", states: { a: { on: { X: "b" } }, b: { on: { Y: "a" } } } },
      q: { initial: "a", states: { a: { on: { X: "b" } }, b: { on: { X: "a" } } } },
    },
  }),
  beyond("a history state", {
    initial: "a",
    states: {
      a: {
        initial: "x",
        on: { Y: "b" },
        states: { x: { on: { X: "y" } }, y: {}, h: { type: "history" } },
      },
      b: { on: { Y: "a.h" } },
    },
  }),
  beyond("always", {
    initial: "a",
    on: { INC: { actions: "inc" } },
    states: { a: { always: { guard: "odd", target: "b" } }, b: { on: { X: "a" } } },
  }),
  beyond("invoke", {
    initial: "a",
    states: { a: { on: { X: "b" } }, b: { invoke: { id: "kid", src: child }, on: { Y: "a" } } },
  }),
];

export const zoo: readonly Exhibit[] = [
  ...[nested, initials, wildcards, guards, contexts, quiet, finals, doneAtOnce, nestedFinal],
  ...[timers, queues, parents, ...faults, ...interpretedWhole],
];
