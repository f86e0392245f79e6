/** One flow's life, with TaskFlow's states and PARKED: docs.openstack.org/taskflow/latest/user/states.html */
import { setup } from "xstate";
import type { FlowEvent } from "../lib/plan/states.ts";

const ends = [
  { guard: { type: "endsAs" as const, params: { state: "SUCCESS" } }, target: "SUCCESS" },
  { guard: { type: "endsAs" as const, params: { state: "REVERTED" } }, target: "REVERTED" },
  { guard: { type: "endsAs" as const, params: { state: "FAILURE" } }, target: "FAILURE" },
  { guard: { type: "endsAs" as const, params: { state: "SUSPENDED" } }, target: "SUSPENDED" },
];

export const flowMachine = setup({
  types: { events: {} as FlowEvent },
  guards: {
    endsAs: ({ event }, params: { state: string }) =>
      event.type === "end" && event.state === params.state,
  },
}).createMachine({
  id: "flow",
  initial: "PENDING",
  states: {
    PENDING: {
      description: "Its journal is begun; nothing has started.",
      on: { run: "RUNNING" },
    },
    RUNNING: {
      description: "What is ready starts; what fails is resolved.",
      on: { suspend: "SUSPENDING", adopt: "RESUMING", park: "PARKED", end: ends },
    },
    SUSPENDING: {
      description: "What runs may finish; nothing new starts.",
      on: { adopt: "RESUMING", park: "PARKED", end: ends },
    },
    SUSPENDED: {
      description: "It rests where it is; the next run goes on.",
      on: { run: "RUNNING", park: "PARKED" },
    },
    RESUMING: {
      description: "An owner takes it over from its journal.",
      on: { adopted: "SUSPENDED" },
    },
    SUCCESS: {
      description: "Every atom is done, or a decider ruled it out.",
      on: { run: "RUNNING", reset: "PENDING", reopen: "SUSPENDED" },
    },
    REVERTED: {
      description: "It failed, and what had to be undone is undone.",
      on: { reset: "PENDING", reopen: "SUSPENDED" },
    },
    FAILURE: {
      description: "It stopped half-way: an undo failed, or it was told not to resolve failures.",
      on: { run: "RUNNING", reset: "PENDING", reopen: "SUSPENDED" },
    },
    PARKED: {
      description: "It waits for a person, with a reason.",
      on: { run: "RUNNING", reset: "PENDING" },
    },
  },
});
