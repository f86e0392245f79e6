/** Goes to any record of the journal, and back to the present. */
interface SliderProps {
  readonly sequence: number;
  readonly last: number;
  readonly isLive: boolean;
  readonly at: number;
  readonly text: string;
  readonly goTo: (sequence: number | undefined) => void;
}

export function Slider({ sequence, last, isLive, at, text, goTo }: SliderProps) {
  return (
    <div class={isLive ? "slider live" : "slider"}>
      <button
        type="button"
        title="the record before: ["
        disabled={sequence <= 1}
        onClick={() => {
          goTo(sequence - 1);
        }}
      >
        ‹
      </button>
      <input
        type="range"
        min={1}
        max={last}
        value={sequence}
        aria-label="record of the journal"
        aria-valuetext={`record ${sequence} of ${last}, ${text}`}
        onInput={(event) => {
          goTo(Number(event.currentTarget.value));
        }}
      />
      <button
        type="button"
        title="the record after: ]"
        disabled={sequence >= last}
        onClick={() => {
          goTo(sequence + 1);
        }}
      >
        ›
      </button>
      <span class="where">
        record {sequence} of {last}
      </span>
      <time>{new Date(at).toLocaleString()}</time>
      <span class="since">{text}</span>
      <button
        type="button"
        class="present"
        aria-pressed={isLive}
        onClick={() => {
          goTo(undefined);
        }}
      >
        {isLive ? "● latest" : "to latest"}
      </button>
    </div>
  );
}
