// What went wrong, in words, with what to do. Nothing else on the page words a failure.

import { bytes, count } from "./units.js";
import { KNOWN } from "./sniff.js";

/** A failure that the page can tell: a short title, a sentence, what to do. */
export class Problem extends Error {
  constructor(title, detail, advice = "") {
    super(detail);
    this.title = title;
    this.detail = detail;
    this.advice = advice;
  }
}

/** Titles in this page's words: the service's are those of HTTP. */
const TITLES = {
  400: "Not understood by the service",
  413: "Too big",
  415: "Not a picture",
  422: "Damaged picture",
  429: "Too busy",
  502: "No server answered",
  503: "Too busy",
};

const ADVICE = {
  // What is not understood, an option or the upload itself, the service's own sentence says, with what to do.
  400: "",
  413: "Choose a smaller picture, or let this browser shrink it before the upload (under options).",
  415: `Choose a picture: ${KNOWN} are read.`,
  422: "The file is damaged or cut short. Open it in an image editor and save it again.",
  429: "The service works on as many uploads as it may. Wait a moment and press Compare again.",
  502: "Start the servers, or look at the list of servers below for what each one says, and press Compare again.",
  503: "The service is busy or has no server to ask. Wait a moment and press Compare again.",
};

/** The problem in an answer that is not a stream. */
export async function fromResponse(response) {
  let body = {};
  try {
    body = await response.json();
  } catch {
    // Something between this page and the service answered for it; the status has to do.
  }
  return fromBody({ status: response.status, ...body });
}

/** The problem in a problem+json document. */
export function fromBody({ title, detail, status }) {
  return new Problem(TITLES[status] ?? title ?? `The service answered ${status}`, detail ?? "It gave no reason.", ADVICE[status] ?? "Press Compare again; if it stays, look at the service's log.");
}

export const notAnImage = (name) => new Problem("Not a picture", `${name} is not a picture that the service reads.`, ADVICE[415]);

export const empty = (name) => new Problem("Empty file", `${name} has no content.`, "Choose another file.");

export const tooBig = (name, size, most) =>
  new Problem("Too big", `${name} has ${bytes(size)}; the service takes at most ${bytes(most)}.`, ADVICE[413]);

/** The connection could not be made, or broke before the first answer. */
export const unreachable = (size) =>
  new Problem(
    "No connection",
    `The service could not be reached${size > 20e6 ? `, or closed the connection while ${bytes(size)} were on their way` : ""}.`,
    "Look whether it still runs and whether this device is on its network, then press Compare again.",
  );

/** The connection broke after `arrived` of `expected` answers. */
export const cut = (arrived, expected) =>
  new Problem(
    "Connection lost",
    expected > 0 ? `The connection broke after ${arrived} of ${count(expected, "answer")}.` : "The connection broke before the first answer.",
    arrived > 0 ? "What arrived is shown below; the rest is missing. Press Compare again for all of it." : "Press Compare again.",
  );

export const stopped = (arrived, expected) =>
  new Problem("Stopped", expected > 0 ? `You stopped after ${arrived} of ${count(expected, "answer")}.` : "You stopped before the first answer.", arrived > 0 ? "What arrived is shown below." : "");

/** One server's failure in one cell, as a sentence. */
export function ofCell(error) {
  const code = String(error.code ?? "").toLowerCase();
  const known = [
    [/unavailable|connect|503/, "It cannot be reached: is it running, and is its address right?"],
    [/deadline|timeout|504/, "It took longer than the time limit: it may be overloaded."],
    [/not.?found|404/, "It does not serve this model or version."],
    [/invalid.?argument|400/, "It could not use this picture."],
    [/exhausted|429/, "It is overloaded or out of memory."],
  ].find(([pattern]) => pattern.test(code));
  return [error.message || "It gave no reason.", known?.[1]].filter(Boolean).join(" ");
}
