/** Asks the server. */
import type { Batch } from "../../plan/records.ts";
import type {
  AboutDocument,
  ClusterDocument,
  CommandDocument,
  CommandRequest,
  FlowsDocument,
  PresentDocument,
  ProgressDocument,
  RecordsDocument,
  RefusalDocument,
} from "../documents.ts";
import { fromJson } from "../wire.ts";

async function ask<Answer>(path: string, init?: RequestInit): Promise<Answer> {
  const response = await fetch(path, init);
  const answer: unknown = await response.json();
  if (response.ok) return answer as Answer;
  throw new Error((answer as RefusalDocument).error.message);
}

export const about = (): Promise<AboutDocument> => ask("/api/about");

export interface FlowsWanted {
  readonly states: readonly string[];
  readonly text: string;
  readonly before?: string | undefined;
  readonly limit: number;
}

export function flows({ states, text, before, limit }: FlowsWanted): Promise<FlowsDocument> {
  const query = new URLSearchParams({ text, limit: String(limit) });
  for (const state of states) query.append("state", state);
  if (before !== undefined) query.set("before", before);
  return ask(`/api/flows?${query.toString()}`);
}

export function progress(ids: readonly string[]): Promise<ProgressDocument> {
  const query = new URLSearchParams(ids.map((id) => ["id", id]));
  return ask(`/api/progress?${query.toString()}`);
}

export interface Records extends Omit<RecordsDocument, "batches"> {
  readonly batches: readonly Batch[];
}

export async function records(id: string, after: number): Promise<Records> {
  const query = new URLSearchParams({ id, after: String(after) });
  const found = await ask<RecordsDocument>(`/api/records?${query.toString()}`);
  return { ...found, batches: found.batches.map(fromJson) as Batch[] };
}

export function present(id: string): Promise<PresentDocument> {
  const query = new URLSearchParams({ id });
  return ask(`/api/present?${query.toString()}`);
}

export const cluster = (): Promise<ClusterDocument> => ask("/api/cluster");

export function command(id: string, asked: CommandRequest): Promise<CommandDocument> {
  const query = new URLSearchParams({ id });
  return ask(`/api/command?${query.toString()}`, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-Fourstroke": "inspect" },
    body: JSON.stringify(asked),
  });
}
