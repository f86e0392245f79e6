/** Edits by hand of the atom that is selected, or of the flow: only those that can be made of it now, asked twice. */
import { useState } from "preact/hooks";
import type { JobState } from "../../jobboard/jobboard.ts";
import { type Edit, whyNot } from "../../plan/edit.ts";
import type { FlowState } from "../../plan/state.ts";
import type { JobDocument } from "../documents.ts";
import type { Asking } from "./asked.tsx";
import { Refused } from "./hands.tsx";

interface EditsProps {
  readonly state: FlowState;
  /** Empty: the flow itself. */
  readonly atom: string;
  readonly job: JobDocument | null;
  readonly ask: Asking["ask"];
}

interface Offer {
  readonly word: string;
  readonly what: string;
  /** What has to be written for it. */
  readonly asks?: "value" | "message";
  readonly edit: Edit;
}

/** What could be done to an atom, or to the flow. */
function offersFor(atom: string): readonly Offer[] {
  if (atom === "") {
    const what = "Nothing more starts, what runs may end, until somebody resumes it.";
    return [{ word: "park", what, edit: { kind: "park" } }];
  }
  return [
    {
      ...{ word: "retry now", what: "Its wait before the next attempt ends." },
      edit: { kind: "retryNow", retry: atom },
    },
    {
      ...{ word: "retry from here", what: "It and all that depends on it is done again." },
      edit: { kind: "retryFrom", atoms: [atom] },
    },
    {
      ...{ word: "skip", what: "It is ruled out; what comes after it goes on." },
      edit: { kind: "skip", atom },
    },
    {
      ...{ word: "complete", what: "It counts as done, with this result:", asks: "value" },
      edit: { kind: "complete", atom },
    },
    {
      ...{ word: "fail", what: "It fails, with this message:", asks: "message" },
      edit: { kind: "fail", atom, message: "" },
    },
  ];
}

/** A job that is over is opened again by setting atoms back, and by nothing else. */
const isOpenTo = ({ edit }: Offer, job: JobState): boolean =>
  job === "COMPLETE" ? edit.kind === "retryFrom" : job !== "TRASHED";

export function Edits({ state, atom, job, ask }: EditsProps) {
  const [chosen, choose] = useState<string>();
  const [said, say] = useState("");
  const possible = offersFor(atom).filter(({ edit }) => whyNot(state, edit) === undefined);
  if (job === null) {
    if (possible.length === 0) return null;
    return (
      <p class="hands">
        This flow is no job, so nobody can be asked from here: <code>fourstroke --help</code> has
        the verbs for it.
      </p>
    );
  }
  const offers = possible.filter((offer) => isOpenTo(offer, job.state));
  const offer = offers.find(({ word }) => word === chosen);
  const send = (word: string, edit: Edit): void => {
    const what = atom === "" ? word : `${word} ${atom}`;
    ask(what, { kind: "edit", edit }).then(
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
    <div class="hands edits" aria-label={atom === "" ? "the flow" : atom}>
      {offers.map(({ word, what }) => (
        <button
          key={word}
          type="button"
          title={what}
          aria-pressed={chosen === word}
          onClick={() => {
            choose(chosen === word ? undefined : word);
          }}
        >
          {word}
        </button>
      ))}
      {offer !== undefined && <Sure key={offer.word} {...{ offer, atom, state, send, say }} />}
      {said !== "" && <Refused why={said} />}
    </div>
  );
}

interface SureProps extends Pick<EditsProps, "state" | "atom"> {
  readonly offer: Offer;
  readonly send: (word: string, edit: Edit) => void;
  readonly say: (problem: string) => void;
}

/** The second question, with what has to be written for it. */
function Sure({ offer, atom, state, send, say }: SureProps) {
  const [written, write] = useState("");
  const [reason, setReason] = useState("");
  const submit = (): void => {
    try {
      const edit = editOf(offer, written, reason);
      const why = whyNot(state, edit);
      if (why === undefined) send(offer.word, edit);
      else say(why);
    } catch {
      say("the value is no JSON");
    }
  };
  return (
    <form
      class="sure"
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <span>{offer.what}</span>
      {offer.asks !== undefined && (
        <input
          placeholder={offer.asks === "value" ? "JSON, or nothing" : "message"}
          aria-label={offer.asks}
          required={offer.asks === "message"}
          maxLength={offer.asks === "value" ? 3_000 : 1_000}
          value={written}
          onInput={(event) => {
            write(event.currentTarget.value);
          }}
        />
      )}
      <input
        placeholder="reason"
        aria-label="reason"
        maxLength={500}
        value={reason}
        onInput={(event) => {
          setReason(event.currentTarget.value);
        }}
      />
      <button type="submit" class="strong">
        {offer.word} {atom}
      </button>
    </form>
  );
}

/** @throws SyntaxError for a value that is no JSON */
function editOf({ edit }: Offer, written: string, reason: string): Edit {
  const asked = { by: "the inspector's page", ...(reason === "" ? {} : { reason }) };
  if (edit.kind === "complete") {
    const value: unknown = written.trim() === "" ? undefined : JSON.parse(written);
    return { ...edit, value, ...asked };
  }
  if (edit.kind === "fail") return { ...edit, message: written, ...asked };
  return { ...edit, ...asked };
}
