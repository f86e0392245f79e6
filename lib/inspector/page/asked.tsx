/** What became of what was asked for here: left for the flow's owner, taken by it, or refused with its reason. */
import { useEffect, useState } from "preact/hooks";
import type { CommandRequest, JobDocument } from "../documents.ts";
import { answerTo, type Asked } from "../model/asked.ts";
import * as api from "./api.ts";

/** Answers that are shown, the last ones. */
const mostShown = 3;

/** Milliseconds between two looks at a job whose owner has not answered yet. */
const lookMs = 300;

export interface Asking {
  readonly asked: readonly Asked[];
  /** Leaves a command. @throws what the server refuses it with */
  readonly ask: (what: string, request: CommandRequest) => Promise<void>;
}

/** @param refresh - looks at the job again */
export function useAsked(id: string, job: JobDocument | null, refresh: () => void): Asking {
  const [asked, setAsked] = useState<readonly Asked[]>([]);
  const isOpen = asked.some((one) => answerTo(one, job).kind === "waits");
  useEffect(() => {
    if (!isOpen) return;
    const timer = setInterval(refresh, lookMs);
    return () => {
      clearInterval(timer);
    };
  }, [isOpen, refresh]);
  const ask = async (what: string, request: CommandRequest): Promise<void> => {
    const { number } = await api.command(id, request);
    setAsked((old) => [...old, { number, what }].slice(-mostShown));
    refresh();
  };
  return { asked, ask };
}

interface AnswersProps {
  readonly asked: readonly Asked[];
  readonly job: JobDocument | null;
}

export function Answers({ asked, job }: AnswersProps) {
  if (asked.length === 0) return null;
  return (
    <ul class="answers" role="status">
      {asked.map((one, at) => {
        const { kind, sentence } = answerTo(one, job);
        return (
          <li key={at} data-answer={kind}>
            {sentence}
          </li>
        );
      })}
    </ul>
  );
}
