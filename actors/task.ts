/** One task's life, with TaskFlow's states: docs.openstack.org/taskflow/latest/user/states.html */
import { assign, setup } from "xstate";
import type { AtomState, TaskContext, TaskEvent } from "../lib/plan/states.ts";

export const freshTask: TaskContext = {
  attempt: 0,
  reverts: 0,
  progress: 0,
  result: undefined,
  failure: undefined,
  revertResult: undefined,
  revertFailure: undefined,
};

export const taskMachine = setup({
  types: { context: {} as TaskContext, events: {} as TaskEvent },
  guards: {
    cameFrom: ({ event }, params: { state: AtomState }) =>
      event.type === "withdrawn" && event.to === params.state,
  },
  actions: {
    countAttempt: assign({ attempt: ({ context }) => context.attempt + 1, progress: 0 }),
    countRevert: assign({
      reverts: ({ context }) => context.reverts + 1,
      progress: 0,
      revertFailure: undefined,
    }),
    keepResult: assign({
      result: ({ event }) =>
        event.type === "succeeded" || event.type === "completed" ? event.value : undefined,
      progress: 1,
    }),
    keepFailure: assign({
      failure: ({ event }) =>
        event.type === "failed" || event.type === "condemned" ? event.failure : undefined,
    }),
    noFailure: assign({ failure: undefined }),
    keepRevertResult: assign({
      revertResult: ({ event }) => (event.type === "reverted" ? event.value : undefined),
      progress: 1,
    }),
    keepRevertFailure: assign({
      revertFailure: ({ event }) => (event.type === "revertFailed" ? event.failure : undefined),
    }),
    keepProgress: assign({
      progress: ({ context, event }) =>
        event.type === "progress" ? event.fraction : context.progress,
    }),
    noProgress: assign({ progress: 0 }),
    restore: assign(({ context, event }) => {
      const { progress, revertFailure } = event.type === "withdrawn" ? event : context;
      return { progress, revertFailure };
    }),
    forget: assign({
      progress: 0,
      result: undefined,
      failure: undefined,
      revertResult: undefined,
      revertFailure: undefined,
    }),
  },
}).createMachine({
  id: "task",
  context: freshTask,
  initial: "PENDING",
  states: {
    PENDING: {
      description: "Known to the engine; something that goes before it is not done.",
      on: {
        start: { target: "RUNNING", actions: "countAttempt" },
        ignore: { target: "IGNORE", actions: "noProgress" },
        completed: { target: "SUCCESS", actions: ["countAttempt", "keepResult"] },
        condemned: { target: "FAILURE", actions: ["countAttempt", "keepFailure"] },
      },
    },
    RUNNING: {
      description: "An attempt is under way, here or elsewhere. Its outcome comes as a message.",
      on: {
        succeeded: { target: "SUCCESS", actions: "keepResult" },
        failed: { target: "FAILURE", actions: "keepFailure" },
        completed: { target: "SUCCESS", actions: "keepResult" },
        condemned: { target: "FAILURE", actions: "keepFailure" },
        progress: { actions: "keepProgress" },
        withdrawn: { target: "PENDING", actions: "restore" },
        reset: { target: "PENDING", actions: "forget" },
      },
    },
    SUCCESS: {
      description: "Its result is recorded.",
      on: {
        revert: { target: "REVERTING", actions: "countRevert" },
        reset: { target: "PENDING", actions: "forget" },
      },
    },
    FAILURE: {
      description: "Its failure is recorded; the attempt may have left something behind.",
      on: {
        revert: { target: "REVERTING", actions: "countRevert" },
        completed: { target: "SUCCESS", actions: ["countAttempt", "noFailure", "keepResult"] },
        reset: { target: "PENDING", actions: "forget" },
      },
    },
    REVERTING: {
      description: "It is being undone, here or elsewhere.",
      on: {
        reverted: { target: "REVERTED", actions: "keepRevertResult" },
        revertFailed: { target: "REVERT_FAILURE", actions: "keepRevertFailure" },
        progress: { actions: "keepProgress" },
        withdrawn: [
          {
            guard: { type: "cameFrom", params: { state: "SUCCESS" } },
            target: "SUCCESS",
            actions: "restore",
          },
          {
            guard: { type: "cameFrom", params: { state: "REVERT_FAILURE" } },
            target: "REVERT_FAILURE",
            actions: "restore",
          },
          { target: "FAILURE", actions: "restore" },
        ],
        reset: { target: "PENDING", actions: "forget" },
      },
    },
    REVERTED: {
      description: "Undone.",
      on: { reset: { target: "PENDING", actions: "forget" } },
    },
    REVERT_FAILURE: {
      description: "Neither done nor undone; a person must look, or the next run tries again.",
      on: {
        revert: { target: "REVERTING", actions: "countRevert" },
        reset: { target: "PENDING", actions: "forget" },
      },
    },
    IGNORE: {
      description: "A decider said no; what follows takes it for done.",
      on: { reset: { target: "PENDING", actions: "forget" } },
    },
  },
});
