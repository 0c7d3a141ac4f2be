// One comparison: a picture goes to the service, answers come back one by one.

import { events } from "./stream.js";
import { begun, settled, withCell, withDerivative } from "./assemble.js";
import { cut, fromBody, fromResponse, Problem, stopped, unreachable } from "./problems.js";

/**
 * Posts `blob` and calls `on.start(file)`, `on.derivative(key, derivative)`, `on.cell(key, server, prediction)` as events
 * come. Resolves to `{file, raw, problem}`: `raw` is the finished reply as sent, null where it never came; `file` is null
 * where nothing can be shown; `problem` is null after a whole run.
 */
export async function compare(blob, name, query, signal, on) {
  const form = new FormData();
  form.append("file", blob, name);
  let response;
  try {
    response = await fetch(`/compare${query}`, { method: "POST", body: form, signal });
  } catch {
    return { file: null, raw: null, problem: signal.aborted ? stopped(0, 0) : unreachable(blob.size) };
  }
  const streams = response.headers.get("content-type")?.startsWith("text/event-stream");
  if (!response.ok || !streams || !response.body) {
    return { file: null, raw: null, problem: await fromResponse(response) };
  }
  return follow(response.body, signal, on);
}

async function follow(body, signal, on) {
  let file = null;
  let arrived = 0;
  const expected = () => (file ? file.sizes.length * file.server_names.length : 0);
  const partly = (problem) => ({ file: arrived > 0 ? settled(file) : null, raw: null, problem });
  try {
    for await (const { event, data } of events(body)) {
      const value = JSON.parse(data);
      if (event === "start") {
        file = begun(value);
        on.start(file);
      } else if (event === "derivative" && file) {
        withDerivative(file, value);
        on.derivative(value.key, value);
      } else if (event === "cell" && file) {
        arrived += 1;
        withCell(file, value);
        on.cell(value.key, value.server, value.prediction);
      } else if (event === "done") return { file: value.files[0], raw: data, problem: null };
      else if (event === "failed") return partly(fromBody(value.problem ?? value));
    }
  } catch (error) {
    if (error instanceof SyntaxError) {
      return partly(new Problem("Not understood", "The service sent something this page cannot read.", "Reload the page: it may be older than the service."));
    }
    if (signal.aborted) return partly(stopped(arrived, expected()));
  }
  return partly(cut(arrived, expected()));
}
