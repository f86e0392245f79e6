/** What is known of one actor: its state, attempts, inputs and outputs, failures with their causes. */
import type { Failure } from "../../failure.ts";
import { absent, lookUp, symbolValues } from "../../plan/values.ts";
import type { Moment, Player } from "../model/player.ts";
import { whole } from "../model/words.ts";
import { Badge } from "./badge.tsx";
import { Chart } from "./chart.tsx";
import { Log } from "./lines.tsx";

interface DetailsProps {
  readonly moment: Moment;
  /** Empty: the flow itself. */
  readonly name: string;
  readonly player: Player;
}

export function Details({ moment, name, player }: DetailsProps) {
  const { state, visits, flowVisits } = moment;
  const atom = state.shape.numbers.get(name);
  const { entries, last } = player;
  const log = <Log {...{ entries, last }} sequence={moment.sequence} atom={name} />;
  if (atom === undefined) {
    return (
      <div class="details">
        <h2>
          {state.blueprint.flow} <Badge state={state.flow.value} />
        </h2>
        <div class="chart">
          <Chart machine="flow" state={state.flow.value} visits={flowVisits} />
        </div>
        {log}
      </div>
    );
  }
  const { value } = state.snapshotOf(atom);
  const kind = state.blueprint.atoms[atom]?.kind ?? "task";
  return (
    <div class="details">
      <h2>
        {name} <Badge state={value} />
      </h2>
      <div class="chart">
        <Chart machine={kind} state={value} visits={visits.get(name) ?? []} />
      </div>
      <Facts moment={moment} atom={atom} />
      {log}
    </div>
  );
}

function Facts({ moment, atom }: { readonly moment: Moment; readonly atom: number }) {
  const { state } = moment;
  const { context } = state.snapshotOf(atom);
  const plan = state.blueprint.atoms[atom];
  const { attempt, reverts, result, failure, revertFailure, revertResult, history } = context;
  const intention = state.intentionOf(atom);
  const wait = state.waits.get(atom);
  const inputs = (plan?.inputs ?? []).map((input) => {
    const value = lookUp(state, plan?.inject ?? {}, input);
    return { ...input, value };
  });
  return (
    <dl class="facts">
      <dt>attempts</dt>
      <dd>
        {attempt}
        {reverts > 0 ? `, undone ${reverts === 1 ? "once" : `${reverts} times`}` : ""}
        {intention === "EXECUTE" ? "" : `, wanted: ${intention}`}
        {wait === undefined ? "" : `, waits until ${new Date(wait.dueAt).toLocaleTimeString()}`}
      </dd>
      {failure !== undefined && <Trouble title="failure" failure={failure} />}
      {revertFailure !== undefined && <Trouble title="revert failed" failure={revertFailure} />}
      {inputs.length > 0 && <dt>inputs</dt>}
      {inputs.map(({ param, symbol, value }) => (
        <dd key={param}>
          <b>{param === symbol ? param : `${param} ← ${symbol}`}</b>
          {value === absent ? <em>not there yet</em> : <pre>{whole(value)}</pre>}
        </dd>
      ))}
      {result !== undefined && (
        <>
          <dt>result</dt>
          <dd>
            <pre>{whole(result)}</pre>
          </dd>
        </>
      )}
      {revertResult !== undefined && (
        <>
          <dt>result of its revert</dt>
          <dd>
            <pre>{whole(revertResult)}</pre>
          </dd>
        </>
      )}
      {history !== undefined && history.length > 0 && <dt>retry history</dt>}
      {history?.map(({ value, failures }, at) => (
        <dd key={at}>
          <b>#{at + 1}</b> {value === undefined ? null : <pre>{whole(value)}</pre>}
          {Object.entries(failures).map(([name, { message }]) => (
            <div key={name} class="bad">
              {name}: {message}
            </div>
          ))}
        </dd>
      ))}
    </dl>
  );
}

function Trouble({ title, failure }: { readonly title: string; readonly failure: Failure }) {
  const causes: Failure[] = [];
  for (let cause = failure.cause; cause !== undefined; cause = cause.cause) causes.push(cause);
  return (
    <>
      <dt>{title}</dt>
      <dd class="bad">
        <b>
          {failure.name}
          {failure.code === undefined ? "" : ` ${failure.code}`}
        </b>{" "}
        {failure.message}
        {causes.map((cause, at) => (
          <div key={at}>
            caused by <b>{cause.name}</b> {cause.message}
          </div>
        ))}
        {failure.stack !== undefined && (
          <details>
            <summary>stack</summary>
            <pre>{failure.stack}</pre>
          </details>
        )}
      </dd>
    </>
  );
}

/** Every symbol that has a value. */
export function Values({ moment }: { readonly moment: Moment }) {
  const values = [...symbolValues(moment.state)];
  if (values.length === 0) return <p class="empty">no values yet</p>;
  return (
    <dl class="facts">
      {values.map(([symbol, value]) => (
        <dd key={symbol}>
          <b>{symbol}</b>
          <pre>{whole(value)}</pre>
        </dd>
      ))}
    </dl>
  );
}
