/** `fourstroke export ID…`: whole flows as one file, for another journal or to be kept. */
import { dirname, resolve } from "node:path";
import { existsSync } from "node:fs";
import { type ArchivedFlow, writeFlow } from "../journal/archive/write.ts";
import { CliError } from "./exit.ts";
import { bytes as sizeOf } from "./findings.ts";
import { NewFile } from "./new-file.ts";
import { withOpened } from "./opened.ts";
import type { Output } from "./output.ts";
import type { PlacesOptions } from "./places.ts";
import { selected, type Selection, selects } from "./select.ts";
import { findUnredacted, readFlow } from "./store.ts";
import { oneLine, plural } from "./text.ts";

export interface ExportOptions extends PlacesOptions, Selection {
  /** Default: standard output. */
  readonly out?: string;
}

/** What `export --out` prints with `--json`. */
export interface ExportDocument {
  readonly file: string;
  readonly bytes: number;
  readonly flows: readonly (ArchivedFlow & { readonly records: number })[];
}

/** Bytes that are written at once, if there are so many. */
const gatheredBytes = 64 * 1024;

/** @returns the exit code */
export async function exportFlows(
  ids: readonly string[],
  options: ExportOptions,
  output: Output,
): Promise<number> {
  const { out } = options;
  check(ids, options, output);
  return withOpened(options, "inspector", async ({ journal }) => {
    const chosen = await selected(journal, ids, options, Date.now());
    if (chosen.length === 0) throw new CliError("USAGE", "no flow is like that");
    const sink = out === undefined ? new Pipe() : await NewFile.begin(out);
    const flows: ExportDocument["flows"][number][] = [];
    try {
      for (const { id } of chosen) {
        const { view, batches } = await readFlow(journal, id, findUnredacted);
        const { name, state, sequence: records } = view;
        flows.push({ id, name, state, records });
        await writeAll(sink, writeFlow({ id, name, state }, batches));
      }
      await sink.end();
    } finally {
      await sink.close();
    }
    tell({ file: out ?? "", bytes: sink.written, flows }, output);
    return 0;
  });
}

function check(ids: readonly string[], options: ExportOptions, output: Output): void {
  if (ids.length === 0 && !selects(options)) {
    throw new CliError("USAGE", "export takes IDs, or --state, --name, --older-than or --before");
  }
  if (options.out !== undefined) {
    const folder = dirname(resolve(options.out));
    if (existsSync(folder)) return;
    throw new CliError("USAGE", `--out: there is no folder ${folder}`, { option: "out" });
  }
  if (output.isJson) throw new CliError("USAGE", "--json needs --out FILE", { option: "json" });
  if (process.stdout.isTTY) {
    throw new CliError("USAGE", "an export is no text: say --out FILE, or lead it into a pipe");
  }
}

function tell(document: ExportDocument, output: Output): void {
  const { file, bytes, flows } = document;
  if (output.isJson) return output.document(document);
  const records = flows.reduce((sum, flow) => sum + flow.records, 0);
  const what = `exported ${plural(flows.length, "flow")}, ${plural(records, "record")}, ${sizeOf(bytes)}`;
  if (file === "") output.tell(what);
  else output.line(`${what}, to ${oneLine(file)}`);
}

/** Where bytes go, in order. */
interface Sink {
  readonly written: number;
  write(bytes: Uint8Array): Promise<void>;
  /** All of it was written. */
  end(): Promise<void>;
  /** Lets go of it, ended or not. */
  close(): Promise<void>;
}

async function writeAll(sink: Sink, pieces: Iterable<Uint8Array>): Promise<void> {
  let gathered: Uint8Array[] = [];
  let size = 0;
  for (const piece of pieces) {
    gathered.push(piece);
    size += piece.length;
    if (size < gatheredBytes) continue;
    await sink.write(gathered.length === 1 ? piece : Buffer.concat(gathered));
    gathered = [];
    size = 0;
  }
  if (size > 0) await sink.write(Buffer.concat(gathered));
}

/** Standard output; whoever reads it sets the pace. */
class Pipe implements Sink {
  written = 0;

  async write(bytes: Uint8Array): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      process.stdout.write(bytes, (error) => {
        if (!(error instanceof Error)) resolve();
        else reject(new CliError("USAGE", "nobody reads the export to its end"));
      });
    });
    this.written += bytes.length;
  }

  end(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
