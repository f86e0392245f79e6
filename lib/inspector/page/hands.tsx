/** Commands to a flow that is a job: asked twice, left on the jobboard, and recorded by whoever runs the flow. */
import { useState } from "preact/hooks";
import type { CommandKind } from "../../jobboard/jobboard.ts";
import type { JobDocument } from "../documents.ts";
import * as api from "./api.ts";

interface HandsProps {
  readonly job: JobDocument;
  readonly done: () => void;
}

const commands: readonly (readonly [Exclude<CommandKind, "edit">, string])[] = [
  ["suspend", "What runs may finish; nothing new starts."],
  ["resume", "It goes on where it rests."],
  ["cancel", "What is done is undone."],
  ["kill", "It stops at once; nothing is undone."],
];

const isFitting = (kind: CommandKind, { isHeld }: JobDocument): boolean =>
  kind === "resume" ? isHeld : kind === "suspend" ? !isHeld : true;

export function Hands({ job, done }: HandsProps) {
  const [chosen, choose] = useState<CommandKind>();
  const [reason, setReason] = useState("");
  const [said, say] = useState("");
  if (job.state === "COMPLETE" || job.state === "TRASHED") return null;
  const send = (kind: CommandKind): void => {
    api.command(job.id, reason === "" ? { kind } : { kind, reason }).then(
      () => {
        say(`${kind} was left for its owner`);
        choose(undefined);
        done();
      },
      (error: unknown) => {
        say(error instanceof Error ? error.message : String(error));
      },
    );
  };
  return (
    <div class="hands">
      {commands.map(([kind, what]) => (
        <button
          key={kind}
          type="button"
          title={what}
          disabled={!isFitting(kind, job)}
          aria-pressed={chosen === kind}
          onClick={() => {
            choose(chosen === kind ? undefined : kind);
          }}
        >
          {kind}
        </button>
      ))}
      {chosen !== undefined && (
        <form
          class="sure"
          onSubmit={(event) => {
            event.preventDefault();
            send(chosen);
          }}
        >
          <span>{commands.find(([kind]) => kind === chosen)?.[1]}</span>
          <input
            placeholder="reason"
            aria-label="reason"
            maxLength={1_000}
            value={reason}
            onInput={(event) => {
              setReason(event.currentTarget.value);
            }}
          />
          <button type="submit" class="strong">
            {chosen} it
          </button>
        </form>
      )}
      {said !== "" && <span role="status">{said}</span>}
    </div>
  );
}
