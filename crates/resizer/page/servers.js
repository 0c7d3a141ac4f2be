// The list of servers with the state each is in.

import { byId, make, scrolling, table } from "./dom.js";
import { limit } from "./picker.js";
import { MISSING, moment } from "./units.js";

/** Asks the service for its servers and shows them. */
export async function refresh() {
  const place = byId("server-list");
  const button = byId("refresh");
  button.disabled = true;
  place.setAttribute("aria-busy", "true");
  try {
    const response = await fetch("/servers", { headers: { accept: "application/json" } });
    if (!response.ok) throw new Error(`the service answered ${response.status}`);
    const most = Number(response.headers.get("x-max-bytes"));
    if (most > 0) limit(most);
    const servers = await response.json();
    const live = servers.filter((server) => server.state === "live").length;
    chip(live, servers.length);
    place.replaceChildren(
      scrolling("Servers, table", table("Servers", ["Server", "State", "Address", "API", "Model", "Signature"], servers.map(row))),
      make("p", { className: "note" }, `As of ${moment(new Date())}.`),
    );
  } catch {
    chip(null, 0);
    place.replaceChildren(make("p", { className: "note bad" }, "The service could not be asked for its servers. Look whether it still runs, then press Ask again."));
  } finally {
    button.disabled = false;
    place.removeAttribute("aria-busy");
  }
}

function chip(live, all) {
  const mark = byId("server-chip");
  mark.textContent = live === null ? "Service not reachable" : live === all ? `${all === 1 ? "The server is" : `All ${all} servers are`} up` : live === 0 ? "No server is up" : `${live} of ${all} servers are up`;
  mark.dataset.state = live === null || live === 0 ? "bad" : live < all ? "some" : "good";
}

function row(server) {
  const live = server.state === "live";
  const state = make(
    "span",
    {},
    make("span", { className: live ? "good" : "bad" }, live ? "✓ up" : "✗ down"),
    server.version !== null && server.version !== undefined && live ? `, version ${server.version}` : "",
    server.detail ? make("span", { className: "fact" }, server.detail) : "",
  );
  return [server.name, state, make("code", {}, server.address ?? MISSING), { grpc: "gRPC", rest: "REST" }[server.api] ?? server.api ?? MISSING, server.model ?? MISSING, server.signature ?? MISSING];
}
