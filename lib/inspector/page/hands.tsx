/** Commands to a flow that is a job: asked twice, left on the jobboard, and recorded by whoever runs the flow. */
import { useState } from "preact/hooks";
import type { CommandKind } from "../../jobboard/jobboard.ts";
import type { JobDocument } from "../documents.ts";
import type { Asking } from "./asked.tsx";

interface HandsProps {
  readonly job: JobDocument;
  readonly ask: Asking["ask"];
}

/** Why what was asked for was not even left. */
export function Refused({ why }: { readonly why: string }) {
  return (
    <span role="alert" class="bad">
      {why}
    </span>
  );
}

const commands: readonly (readonly [Exclude<CommandKind, "edit">, string])[] = [
  ["suspend", "What runs may finish; nothing new starts."],
  ["resume", "It goes on where it rests."],
  ["cancel", "What is done is undone."],
  ["kill", "It stops at once; nothing is undone."],
];

const isFitting = (kind: CommandKind, { isHeld }: JobDocument): boolean =>
  kind === "resume" ? isHeld : kind === "suspend" ? !isHeld : true;

export function Hands({ job, ask }: HandsProps) {
  const [chosen, choose] = useState<CommandKind>();
  const [reason, setReason] = useState("");
  const [said, say] = useState("");
  if (job.state === "COMPLETE" || job.state === "TRASHED") return null;
  const send = (kind: CommandKind): void => {
    ask(kind, reason === "" ? { kind } : { kind, reason }).then(
      () => {
        say("");
        choose(undefined);
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
      {said !== "" && <Refused why={said} />}
    </div>
  );
}
