/** A retry controller's life: a task's, and RETRYING between two attempts of its scope. */
import { assign, setup } from "xstate";
import { withFault } from "../lib/plan/history.ts";
import type { AtomState, RetryEvent, RetryMachineContext } from "../lib/plan/states.ts";
import { freshTask } from "./task.ts";

const freshRetry: RetryMachineContext = { ...freshTask, history: [] };

export const retryMachine = setup({
  types: { context: {} as RetryMachineContext, events: {} as RetryEvent },
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
    keepResult: assign(({ context, event }) => {
      const isDone = event.type === "succeeded" || event.type === "completed";
      const value = isDone ? event.value : undefined;
      return {
        result: value,
        progress: 1,
        history: [...context.history, { value, failures: {} }],
      };
    }),
    keepFailure: assign({
      failure: ({ event }) =>
        event.type === "failed" || event.type === "condemned" ? event.failure : undefined,
    }),
    noFailure: assign({ failure: undefined }),
    keepFault: assign({
      history: ({ context, event }) =>
        event.type === "fault"
          ? withFault(context.history, event.atom, event.failure)
          : context.history,
    }),
    keepRevertResult: assign({
      revertResult: ({ event }) => (event.type === "reverted" ? event.value : undefined),
      progress: 1,
      history: [],
    }),
    keepRevertFailure: assign({
      revertFailure: ({ event }) => (event.type === "revertFailed" ? event.failure : undefined),
    }),
    keepProgress: assign({
      progress: ({ context, event }) =>
        event.type === "progress" ? event.fraction : context.progress,
    }),
    noProgress: assign({ progress: 0 }),
    noHistory: assign({ history: [] }),
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
  id: "retry",
  context: freshRetry,
  initial: "PENDING",
  states: {
    PENDING: {
      description: "Its flow has not been reached yet.",
      on: {
        start: { target: "RUNNING", actions: "countAttempt" },
        ignore: { target: "IGNORE", actions: "noProgress" },
        completed: { target: "SUCCESS", actions: ["countAttempt", "keepResult"] },
        condemned: { target: "FAILURE", actions: ["countAttempt", "keepFailure"] },
        renew: { actions: "noHistory" },
      },
    },
    RUNNING: {
      description: "It makes the value of the next attempt.",
      on: {
        succeeded: { target: "SUCCESS", actions: "keepResult" },
        failed: { target: "FAILURE", actions: "keepFailure" },
        completed: { target: "SUCCESS", actions: "keepResult" },
        condemned: { target: "FAILURE", actions: "keepFailure" },
        progress: { actions: "keepProgress" },
        withdrawn: [
          {
            guard: { type: "cameFrom", params: { state: "SUCCESS" } },
            target: "SUCCESS",
            actions: "restore",
          },
          { target: "PENDING", actions: "restore" },
        ],
        reset: { target: "PENDING", actions: "forget" },
      },
    },
    SUCCESS: {
      description: "Its flow may run; failures in there are brought before it.",
      on: {
        fault: { actions: "keepFault" },
        retry: { target: "RETRYING" },
        revert: { target: "REVERTING", actions: "countRevert" },
        reset: { target: "PENDING", actions: "forget" },
      },
    },
    RETRYING: {
      description: "Its scope is undone and set back; the next attempt starts.",
      on: { start: { target: "RUNNING", actions: "countAttempt" } },
    },
    FAILURE: {
      description: "It could not make another attempt.",
      on: {
        revert: { target: "REVERTING", actions: "countRevert" },
        completed: { target: "SUCCESS", actions: ["countAttempt", "noFailure", "keepResult"] },
        reset: { target: "PENDING", actions: "forget" },
      },
    },
    REVERTING: {
      description: "Its flow was given up; it is being undone itself.",
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
      description: "Undone; an outer controller may start it afresh.",
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
      description: "A decider said no to its flow.",
      on: { reset: { target: "PENDING", actions: "forget" } },
    },
  },
});
