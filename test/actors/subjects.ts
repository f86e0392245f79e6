/** Machines to run in two kinds of actor at once. What their actions do goes into a log. */
import {
  type AnyStateMachine,
  assign,
  cancel,
  createMachine,
  emit,
  enqueueActions,
  log,
  raise,
  sendParent,
  sendTo,
  setup,
  spawnChild,
  stopChild,
} from "xstate";

export interface Subject {
  readonly name: string;
  readonly events: readonly string[];
  /** Actors in it answer each other, so that only the order within each of them is the same. */
  readonly isFamily?: boolean;
  make(log: (line: string) => void): AnyStateMachine;
}

const counting = (log: (line: string) => void) =>
  setup({
    types: { context: {} as { n: number } },
    guards: {
      odd: ({ context }) => context.n % 2 === 1,
      breaks: () => {
        throw new Error("guard");
      },
    },
    actions: {
      note: ({ context, event }, params: { text: string }) => {
        log(`${params.text} n=${context.n} by ${event.type}`);
      },
      inc: assign({ n: ({ context }) => (context.n + 1) % 4 }),
      fail: () => {
        throw new Error("action");
      },
      again: ({ self }) => {
        self.send({ type: "INC" });
        log(`sent, still n=${(self.getSnapshot() as { context: { n: number } }).context.n}`);
      },
    },
  });

const note = (text: string) => ({ type: "note", params: { text } }) as const;

const told = (name: string) => ({ entry: note(`>${name}`), exit: note(`<${name}`) });

const nested: Subject = {
  name: "nested states whose actions act",
  events: ["INC", "GO", "RE", "BACK", "AGAIN", "TELL", "FAIL", "BREAK", "LOG", "END", "NONE"],
  make: (log_) =>
    counting(log_).createMachine({
      context: { n: 0 },
      initial: "a",
      ...told("root"),
      on: {
        INC: { actions: "inc" },
        AGAIN: { actions: "again" },
        TELL: { actions: [emit({ type: "told" }), "inc", emit({ type: "later" })] },
        FAIL: { guard: "odd", actions: ["inc", "fail"] },
        BREAK: { guard: "breaks" },
        LOG: { actions: log(({ context }) => context.n, "label") },
      },
      output: ({ context }) => context.n,
      states: {
        a: { ...told("a"), on: { GO: "b", END: { guard: "odd", target: "end" } } },
        b: {
          ...told("b"),
          initial: "x",
          on: { BACK: "a", RE: { target: "b", reenter: true, actions: "inc" } },
          states: {
            x: { ...told("x"), on: { GO: [{ guard: "odd", target: "y" }, { actions: "inc" }] } },
            y: { ...told("y"), tags: "deep", on: { GO: "#end" } },
          },
        },
        end: { id: "end", type: "final", ...told("end") },
      },
    }),
};

const timers: Subject = {
  name: "timers",
  events: ["GO", "BACK", "LATER", "CANCEL", "ECHO", "INC", "NAMED", "RE"],
  make: (log_) =>
    counting(log_).createMachine({
      context: { n: 0 },
      initial: "a",
      on: {
        INC: { actions: "inc" },
        LATER: { actions: raise({ type: "INC" }, { delay: 7, id: "later" }) },
        CANCEL: { actions: cancel("later") },
        ECHO: { actions: raise({ type: "INC" }, { delay: 0 }) },
        NAMED: { actions: sendTo(({ self }) => self, { type: "INC" }, { delay: 12, id: "named" }) },
      },
      states: {
        a: {
          ...told("a"),
          on: { GO: "b", RE: { target: "a", reenter: true } },
          after: { 10: { target: "b", actions: "inc" } },
        },
        b: {
          initial: "x",
          on: { BACK: "a" },
          after: { 20: "end" },
          states: {
            x: { after: { 5: [{ guard: "odd", target: "y" }, { actions: note("tick") }] } },
            y: { ...told("y"), after: { 5: "x" } },
          },
        },
        end: { type: "final", entry: note(">end") },
      },
    }),
};

const queues: Subject = {
  name: "what the table leaves to the interpreter",
  events: ["RAISE", "QUEUE", "IN", "BACK", "INC", "NEXT"],
  make: (log_) =>
    counting(log_).createMachine({
      context: { n: 0 },
      initial: "a",
      on: {
        INC: { actions: "inc" },
        RAISE: { actions: [raise({ type: "NEXT" }), "inc", note("raised")] },
        QUEUE: {
          actions: enqueueActions(({ enqueue, check }) => {
            if (check("odd")) enqueue("inc");
            enqueue(note("queued"));
          }),
        },
      },
      states: {
        a: { on: { NEXT: "b" } },
        b: {
          initial: "x",
          onDone: "a",
          on: { BACK: "a" },
          states: { x: { on: { IN: "y", NEXT: "#a2" } }, y: { type: "final", ...told("y") } },
        },
        c: { id: "a2", always: { guard: "odd", target: "a", actions: "inc" }, on: { NEXT: "a" } },
      },
    }),
};

const child = (log_: (line: string) => void) =>
  counting(log_).createMachine({
    context: { n: 0 },
    initial: "on",
    ...told("child"),
    states: {
      on: {
        on: {
          PING: { actions: ["inc", note("ping"), sendParent({ type: "PONG" })] },
          FINISH: "off",
          FAIL: { actions: "fail" },
        },
        after: { 15: "off" },
      },
      off: { type: "final", entry: note("child off") },
    },
    output: ({ context }) => context.n,
  });

const family: Subject = {
  name: "a parent and its children",
  isFamily: true,
  events: ["SPAWN", "PING", "FINISH", "FAIL", "STOP", "END", "HOLD", "INC"],
  make: (log_) =>
    setup({
      types: { context: {} as { n: number; held: string } },
      actors: { child: child(log_) },
      guards: {
        alone: ({ context }) => context.held === "",
      },
    }).createMachine({
      context: { n: 0, held: "" },
      initial: "a",
      on: {
        INC: { actions: assign({ n: ({ context }) => (context.n + 1) % 3 }) },
        PONG: { actions: () => log_("pong") },
      },
      states: {
        a: {
          on: {
            SPAWN: { target: "b", actions: spawnChild("child", { id: "kid" }) },
            HOLD: {
              guard: "alone",
              actions: assign({ held: ({ spawn }) => spawn("child", { id: "held" }).id }),
            },
          },
        },
        b: {
          on: {
            PING: { actions: sendTo("kid", { type: "PING" }) },
            FINISH: { actions: sendTo("kid", { type: "FINISH" }) },
            FAIL: { actions: sendTo("kid", { type: "FAIL" }) },
            STOP: { target: "a", actions: stopChild("kid") },
            END: "end",
            "xstate.done.actor.kid": {
              target: "a",
              actions: [() => log_("done"), stopChild("kid")],
            },
          },
        },
        end: { type: "final" },
      },
    }),
};

const invoking: Subject = {
  name: "an invoked child, in a machine without a table",
  isFamily: true,
  events: ["GO", "PING", "FINISH", "BACK"],
  make: (log_) =>
    setup({ actors: { child: child(log_) } }).createMachine({
      initial: "a",
      states: {
        a: { on: { GO: "b" } },
        b: {
          invoke: { src: "child", id: "kid", onDone: { target: "a", actions: () => log_("done") } },
          on: {
            BACK: "a",
            PING: { actions: sendTo("kid", { type: "PING" }) },
            FINISH: { actions: sendTo("kid", { type: "FINISH" }) },
          },
        },
      },
    }),
};

const broken: readonly Subject[] = [
  {
    name: "an entry action that throws",
    events: ["X"],
    make: (log_) =>
      counting(log_).createMachine({
        context: { n: 0 },
        entry: [note("one"), "fail", note("two")],
      }),
  },
  {
    name: "a context that can't be made",
    events: ["X"],
    make: () =>
      createMachine({
        context: () => {
          throw new Error("context");
        },
      }),
  },
  {
    name: "a machine that is done at once",
    events: ["X"],
    make: (log_) =>
      counting(log_).createMachine({
        context: { n: 0 },
        initial: "end",
        states: { end: { type: "final", ...told("end") } },
      }),
  },
];

export const subjects: readonly Subject[] = [nested, timers, queues, family, invoking, ...broken];
