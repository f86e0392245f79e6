/** Conductors with their leases, workers and nodes, jobs by state. */
import { useEffect, useState } from "preact/hooks";
import type { AboutDocument, ClusterDocument, JobDocument } from "../documents.ts";
import { duration } from "../../text.ts";
import { sayConductor } from "../model/conductor.ts";
import * as api from "./api.ts";
import { Badge } from "./badge.tsx";
import { Link } from "./link.tsx";
import { useNow } from "./now.ts";

export function ClusterView({ about }: { readonly about: AboutDocument | undefined }) {
  const [cluster, setCluster] = useState<ClusterDocument>();
  const [problem, setProblem] = useState("");
  const now = useNow(2_000);
  useEffect(() => {
    if (about?.hasBoard !== true) return;
    let isOver = false;
    api.cluster().then(
      (found) => {
        if (isOver) return;
        setCluster(found);
        setProblem("");
      },
      (error: unknown) => {
        setProblem(String(error));
      },
    );
    return () => {
      isOver = true;
    };
  }, [now, about]);
  if (about?.hasBoard === false) return <p class="empty">there is no jobboard here</p>;
  if (cluster === undefined) return <p class="empty">{problem || "looking…"}</p>;
  const { conductors, members, jobs, counts } = cluster;
  return (
    <section class="cluster">
      {problem !== "" && <p class="problem">{problem}</p>}
      <div class="counts">
        {Object.entries(counts).map(([state, count]) => (
          <div key={state} class="tile">
            <strong>{count.toLocaleString("en")}</strong>
            <Badge state={state} />
          </div>
        ))}
      </div>
      <h2>Conductors</h2>
      <Conductors conductors={conductors} />
      <h2>Workers and nodes</h2>
      <Members members={members} />
      <h2>Jobs</h2>
      {jobs.length === 0 ? <p class="empty">none</p> : <Jobs jobs={jobs} now={now} />}
    </section>
  );
}

function Conductors({ conductors }: { readonly conductors: ClusterDocument["conductors"] }) {
  if (conductors.length === 0) return <p class="empty">none has a lease</p>;
  return (
    <table>
      <thead>
        <tr>
          <th>Owner</th>
          <th>Lease</th>
          <th>Renewed</th>
          <th>State</th>
          <th>Says</th>
        </tr>
      </thead>
      <tbody>
        {conductors.map((conductor) => {
          const { owner, leaseMs, renewedMs, isStalled } = conductor;
          return (
            <tr key={owner}>
              <td class="id">{owner}</td>
              <td>{duration(leaseMs)}</td>
              <td>{duration(renewedMs)} ago</td>
              <td>{renewedMs > leaseMs ? "silent" : isStalled ? "busy" : "up"}</td>
              <td>{sayConductor(conductor)}</td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

function Members({ members }: { readonly members: ClusterDocument["members"] }) {
  if (members.length === 0) return <p class="empty">none was heard</p>;
  return (
    <table>
      <thead>
        <tr>
          <th>Name</th>
          <th>Kind</th>
          <th>State</th>
          <th>Load</th>
          <th>Serves</th>
        </tr>
      </thead>
      <tbody>
        {members.map(({ name, kind, state, slots, free, tasks }) => (
          <tr key={`${kind} ${name}`}>
            <td class="id">{name}</td>
            <td>{kind}</td>
            <td>{state}</td>
            <td>{slots === null ? "" : `${slots - (free ?? 0)} of ${slots}`}</td>
            <td>{tasks.join(", ")}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function noteOf({ end, reason, commands, refusals }: JobDocument): string {
  const refused = refusals.map(({ kind, why }) => `${kind} refused: ${why}`).slice(-1);
  return [end, reason, ...commands.map(({ kind }) => `asked to ${kind}`), ...refused]
    .filter(Boolean)
    .join(", ");
}

function Jobs({ jobs, now }: { readonly jobs: readonly JobDocument[]; readonly now: number }) {
  return (
    <table>
      <thead>
        <tr>
          <th>State</th>
          <th>Flow</th>
          <th>Id</th>
          <th>Owner</th>
          <th>Priority</th>
          <th>Claims</th>
          <th>Changed</th>
          <th>Note</th>
        </tr>
      </thead>
      <tbody>
        {jobs.map((job) => (
          <tr key={job.id}>
            <td>
              <Badge state={job.isHeld ? "SUSPENDED" : job.state} />
            </td>
            <td>{job.flow}</td>
            <td class="id">
              <Link to={{ flow: job.id }}>{job.id}</Link>
            </td>
            <td class="id">{job.owner}</td>
            <td>{job.priority}</td>
            <td>{job.claims}</td>
            <td>{duration(Math.max(0, now - job.updatedAt))} ago</td>
            <td>{noteOf(job)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
