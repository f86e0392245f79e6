/**
 * What compiling a flow gives: its graph as immutable, plain, serialisable data (I1).
 *
 * Numbering. Atoms are numbered in preorder, so that the atoms of a scope are one range: a flow's
 * controller first, then its items in declared order; in a graph flow in topological order, what
 * waits for nothing as declared, then what that frees, as linked. The execution graph also holds two
 * nodes per scope that do no work, its begin and its end:
 * `node(atom a) = a`, `begin(scope s) = atoms + 2s`, `end(scope s) = atoms + 2s + 1`.
 */
import type { Depth, Pattern, Provides } from "../types.ts";

export const blueprintVersion = 1;

/** One parameter and where its value comes from. */
export interface InputPlan {
  readonly param: string;
  readonly symbol: string;
  readonly optional: boolean;
  /**
   * Atoms in scope that provide the symbol, nearest first. Cut after the first that no decider can
   * ignore; of those that are only ignored together, there is the nearest.
   */
  readonly from: readonly number[];
}

/** A decided link that is asked before an atom starts. */
export interface DeciderPlan {
  /** Its place in `Code.deciders`. */
  readonly link: number;
  /** The source if it is an atom, else -1: a flow has no result. */
  readonly from: number;
  readonly depth: Depth;
}

export interface AtomPlan {
  readonly name: string;
  readonly kind: "task" | "retry";
  readonly version: number;
  readonly priority: number;
  /** The scope it stands in; -1 for a bare task. */
  readonly scope: number;
  /** The controller that is asked when this atom fails; -1 for none. */
  readonly retry: number;
  readonly inputs: readonly InputPlan[];
  readonly revertInputs: readonly InputPlan[];
  readonly provides: Provides;
  readonly inject: Readonly<Record<string, unknown>>;
  readonly timeoutMs?: number;
  /** False: nothing is called to undo it, it is only marked. */
  readonly reverts: boolean;
  /** Decided links into it, those into the flows that begin with it included. */
  readonly deciders: readonly DeciderPlan[];
}

export interface ScopePlan {
  readonly name: string;
  readonly pattern: Pattern;
  /** -1 for the root. */
  readonly parent: number;
  /** Its own controller, -1 for none. It is atom `first`. */
  readonly retry: number;
  /** Its atoms, nested ones included: from `first` up to, not including, `last`. */
  readonly first: number;
  readonly last: number;
}

export interface Blueprint {
  readonly version: typeof blueprintVersion;
  /** The root's name. */
  readonly flow: string;
  readonly atoms: readonly AtomPlan[];
  /** In preorder; 0 is the root. Empty for a bare task. */
  readonly scopes: readonly ScopePlan[];
  /** Symbols that are declared secret somewhere in it, sorted. Absent when there are none. */
  readonly secrets?: readonly string[];
  /** For each node the nodes that come after it. */
  readonly successors: readonly (readonly number[])[];
}
