/** The inspector's page. */
import { render } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { AboutDocument } from "../documents.ts";
import * as api from "./api.ts";
import { ClusterView } from "./cluster.tsx";
import { FlowView } from "./flow.tsx";
import { FlowsView } from "./flows.tsx";
import { Link } from "./link.tsx";
import { connect, useProblem } from "./live.ts";
import "./style.css";
import { Theme } from "./theme.tsx";
import { useQuery } from "./url.ts";

function Page() {
  const query = useQuery();
  const problem = useProblem();
  const [about, setAbout] = useState<AboutDocument>();
  const [fault, setFault] = useState("");
  useEffect(() => {
    api.about().then(setAbout, (error: unknown) => {
      setFault(String(error));
    });
  }, []);
  const { flow, view = "" } = query;
  useEffect(() => {
    document.title = flow === undefined ? "fourstroke" : `${flow} · fourstroke`;
  }, [flow]);
  return (
    <>
      <header class="top">
        <Link to={{}} class="brand">
          fourstroke
        </Link>
        <nav aria-label="views">
          <Link to={{}} current={flow === undefined && view === ""}>
            Flows
          </Link>
          {about?.hasBoard === true && (
            <Link to={{ view: "cluster" }} current={view === "cluster"}>
              Cluster
            </Link>
          )}
        </nav>
        <span class="source" title={about?.source}>
          {about?.source}
        </span>
        {about?.allowEdits === true && <span class="mode">edits allowed</span>}
        <Theme />
      </header>
      {(problem || fault) !== "" && (
        <p class="problem" role="alert">
          {problem || fault}
        </p>
      )}
      <main>
        {flow !== undefined ? (
          <FlowView key={flow} id={flow} query={query} about={about} />
        ) : view === "cluster" ? (
          <ClusterView about={about} />
        ) : (
          <FlowsView query={query} />
        )}
      </main>
    </>
  );
}

connect();
const root = document.getElementById("page");
if (root !== null) render(<Page />, root);
