/** A flow's journal, kept up to date, and the moment of it that is shown. */
import { useEffect, useMemo, useState } from "preact/hooks";
import type { Present } from "../../why/facts.ts";
import type { ChangesDocument, JobDocument, PresentDocument } from "../documents.ts";
import { type Moment, Player } from "../model/player.ts";
import * as api from "./api.ts";
import { useChanges } from "./live.ts";

export interface Playback {
  readonly player: Player;
  readonly problem: string;
  /** All that was there has been read. */
  readonly isRead: boolean;
  readonly job: JobDocument | null;
  /** Undefined: it isn't known yet. */
  readonly present: Present | undefined;
  readonly refresh: () => void;
}

/** Does what was asked for, one after the other; what is asked for meanwhile is done once more. */
class Again {
  readonly #what: () => Promise<void>;
  #isDoing = false;
  #isWanted = false;

  constructor(what: () => Promise<void>) {
    this.#what = what;
  }

  readonly ask = (): void => {
    this.#isWanted = true;
    if (!this.#isDoing) void this.#do();
  };

  async #do(): Promise<void> {
    this.#isDoing = true;
    while (this.#isWanted) {
      this.#isWanted = false;
      await this.#what();
    }
    this.#isDoing = false;
  }
}

export function usePlayback(id: string): Playback {
  const player = useMemo(() => new Player(), [id]);
  const [found, setFound] = useState({ isRead: false, problem: "" });
  const [known, setKnown] = useState<PresentDocument>();
  const reading = useMemo(() => {
    const read = async (): Promise<void> => {
      try {
        for (let more = true; more; ) {
          const records = await api.records(id, player.last);
          player.add(records.batches);
          ({ more } = records);
          setFound({ isRead: !more, problem: "" });
        }
      } catch (error) {
        setFound({ isRead: true, problem: error instanceof Error ? error.message : String(error) });
      }
    };
    return new Again(read);
  }, [id, player]);
  const looking = useMemo(() => {
    const look = async (): Promise<void> => {
      try {
        const next = await api.present(id);
        // Where it is kept being away, its job is what it was.
        setKnown((last) =>
          next.present.away === undefined ? next : { ...next, job: last?.job ?? null },
        );
      } catch {
        // The records tell of what is wrong, and what was known last is shown.
      }
    };
    return new Again(look);
  }, [id]);
  const refresh = useMemo(
    () => () => {
      reading.ask();
      looking.ask();
    },
    [reading, looking],
  );
  useEffect(() => {
    refresh();
    // Owners end and jobs change without a record.
    const timer = setInterval(refresh, 2_000);
    return () => {
      clearInterval(timer);
    };
  }, [refresh]);
  const listener = useMemo(
    () => ({
      changed: ({ changed }: ChangesDocument) => {
        if (changed.some((flow) => flow.id === id)) refresh();
      },
      reload: refresh,
    }),
    [id, refresh],
  );
  useChanges(listener);
  return { player, ...found, job: known?.job ?? null, present: known?.present, refresh };
}

/** The moment after a record; undefined: the last one. */
export const momentOf = (player: Player, at: number | undefined): Moment | undefined =>
  player.moment(at ?? player.last);
