/** A flow's journal, kept up to date, and the moment of it that is shown. */
import { useCallback, useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { ChangesDocument, JobDocument } from "../documents.ts";
import { type Moment, Player } from "../model/player.ts";
import * as api from "./api.ts";
import { useChanges } from "./live.ts";

export interface Playback {
  readonly player: Player;
  readonly runner: string | null;
  readonly gone: string | null;
  readonly job: JobDocument | null;
  readonly problem: string;
  /** All that was there has been read. */
  readonly isRead: boolean;
  readonly refresh: () => void;
}

export function usePlayback(id: string): Playback {
  const player = useMemo(() => new Player(), [id]);
  const [found, setFound] = useState({ isRead: false, problem: "" });
  const [who, setWho] = useState<Pick<Playback, "runner" | "gone" | "job">>({
    runner: null,
    gone: null,
    job: null,
  });
  const isAsking = useRef(false);
  const again = useRef(false);
  /** A call: it may have been asked again while this one waited. */
  const wantsMore = (): boolean => again.current;
  const read = useMemo(
    () => async (): Promise<void> => {
      if (isAsking.current) {
        again.current = true;
        return;
      }
      isAsking.current = true;
      try {
        for (;;) {
          again.current = false;
          const { batches, more, runner, gone, job } = await api.records(id, player.last);
          player.add(batches);
          setWho({ runner, gone, job });
          setFound({ isRead: !more, problem: "" });
          if (!more && !wantsMore()) return;
        }
      } catch (error) {
        setFound({ isRead: true, problem: error instanceof Error ? error.message : String(error) });
      } finally {
        isAsking.current = false;
      }
    },
    [id, player],
  );
  useEffect(() => {
    void read();
    // Owners end and jobs change without a record.
    const timer = setInterval(() => void read(), 2_000);
    return () => {
      clearInterval(timer);
    };
  }, [read]);
  const listener = useMemo(
    () => ({
      changed: ({ changed }: ChangesDocument) => {
        if (changed.some((flow) => flow.id === id)) void read();
      },
      reload: () => void read(),
    }),
    [id, read],
  );
  useChanges(listener);
  const refresh = useCallback(() => void read(), [read]);
  return { player, ...who, ...found, refresh };
}

/** The moment after a record; undefined: the last one. */
export const momentOf = (player: Player, at: number | undefined): Moment | undefined =>
  player.moment(at ?? player.last);
