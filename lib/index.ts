/** What users of fourstroke import. */
export { Engine } from "../actors/engine.ts";
export type { AtomChange, FlowChange, ProgressChange } from "../actors/announcer.ts";
export { Conductor } from "../actors/conductor.ts";
export type {
  ConductorEvent,
  ConductorEventKind,
  ConductorOptions,
  ConductorStatistics,
} from "../actors/conductor-options.ts";
export type { RemoteSnapshot } from "../actors/frames.ts";
export { type Inspectable, inspectFlow } from "../actors/inspect-flow.ts";
export { inspectSystem } from "../actors/inspect-system.ts";
export type {
  InspectedEvent,
  InspectedSnapshot,
  InspectionListener,
  InspectionMessage,
} from "../actors/inspection.ts";
export type { Renewer } from "../actors/leases.ts";
export type { LinkLimits } from "../actors/link.ts";
export type { Member } from "../actors/members.ts";
export {
  node,
  type Node,
  type NodeOptions,
  type NodeRef,
  type NodeSpawnOptions,
  type PlaceOptions,
} from "../actors/node.ts";
export type { Statistics } from "../actors/engine.ts";
export type {
  EngineKind,
  EngineOptions,
  OwnLease,
  RunCommand,
  RunControls,
} from "../actors/options.ts";
export type { Down, DownReason, PlacedRef } from "../actors/placed-ref.ts";
export { Registry, registry } from "../actors/registry.ts";
export { load, readFlow, run } from "../actors/run.ts";
export {
  FlowRef,
  spawn,
  type FlowActorSnapshot,
  type FlowCommand,
  type SpawnOptions,
} from "../actors/spawn.ts";
export { System, type SystemOptions } from "../actors/system.ts";
export { Worker, type WorkerOptions, type WorkerStatistics } from "../actors/worker.ts";
export type { Clock, Random, Timer } from "./clock.ts";
export { link } from "./decider.ts";
export { type ErrorCode, FlowError, type Mistake, type MissingInput } from "./errors.ts";
export type { Telemetry } from "./executor/observe.ts";
export { Pool, type PoolLimits, type PoolOptions } from "./executor/pool/pool.ts";
export { type Failure, RecordedError } from "./failure.ts";
export type {
  AbandonOptions,
  ClaimOptions,
  CommandKind,
  GoneJob,
  HeldLease,
  Job,
  Jobboard,
  JobBlueprint,
  JobCommand,
  JobEnd,
  JobPost,
  JobQuery,
  JobState,
  Lease,
  PendingCommand,
  Priority,
  Refusal,
  WaitOptions,
} from "./jobboard/jobboard.ts";
export { memoryJobboard, type MemoryJobboardOptions } from "./jobboard/memory.ts";
export { sqliteJobboard, type SqliteJobboardOptions } from "./jobboard/sqlite.ts";
export type { Durability, FlowQuery, FlowSummary, Journal } from "./journal/journal.ts";
export { memoryJournal } from "./journal/memory.ts";
export {
  type Purge,
  type SqliteJournal,
  type SqliteOptions,
  sqliteJournal,
} from "./journal/sqlite.ts";
export { connectNats, type NatsOptions, type NatsTls } from "./nats/connect.ts";
export { natsJobboard, type NatsJobboardOptions } from "./nats/jobboard.ts";
export type { NatsTransport } from "./nats/face.ts";
export { natsJournal, type NatsJournal, type NatsJournalOptions } from "./nats/journal.ts";
export { graph } from "./patterns/graph.ts";
export { linear } from "./patterns/linear.ts";
export { unordered } from "./patterns/unordered.ts";
export type { Edit, EditKind } from "./plan/edit.ts";
export type { AtomView, FlowView } from "./plan/view.ts";
export { type BoardPlace, Renewal, type RenewalOptions } from "./renewal/renewal.ts";
export {
  alwaysRevert,
  alwaysRevertAll,
  forEach,
  parameterizedForEach,
  retry,
  times,
} from "./retry.ts";
export { mapTask, reduceTask, task } from "./task.ts";
export type { Stop, Take, Transport } from "./transport/transport.ts";
export type { GivesOf, NeedsOf } from "./typed/carry.ts";
export type { ResultsOf, StoreFor } from "./typed/run.ts";
export type {
  CallContext,
  Flow,
  Item,
  Link,
  Log,
  Logger,
  LogLevel,
  Question,
  Retry,
  RetryContext,
  RevertContext,
  Task,
  TaskLog,
  Verdict,
} from "./types.ts";
