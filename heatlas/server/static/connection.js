/** Whether the server answers. While it does not, it is asked with growing waits, and all that waits goes on when it is back. */

import { Refused, whenUnanswered } from "./api.js";
import { $, make } from "./web/dom.js";

const WAITS = [1, 2, 4, 8, 15, 30]; // seconds
const PEACE = 10_000; // milliseconds without trouble after which waits are short again
const PATIENT = 2; // tries after which more is said than that it is tried

let ask = async () => null;
let returned = () => {};
let trouble = null; // what is wrong, in words
let tries = 0;
let timer = null;
let asking = false;
let since = -Infinity;
let waiting = [];

/** Whether the same request may be answered later: nobody was there, or the library cannot be read now. */
export const mayPass = (error) => error instanceof Refused && [0, 502, 503, 504].includes(error.status);

/** `again()` asks the server for what `back(answer)` is told when it answers again. */
export function openConnection(again, back) {
  ask = again;
  returned = back;
  whenUnanswered(lose);
  for (const name of ["online", "focus"]) addEventListener(name, () => trouble && tryNow());
}

/** Take note that the server did not answer. */
export function lose(error) {
  if (trouble) return;
  if (performance.now() - since > PEACE) tries = 0;
  trouble = error.status ? error.message : "";
  say();
  plan();
}

/** Resolves when the server answers. */
export const answering = () => (trouble === null ? Promise.resolve() : new Promise((resolve) => waiting.push(resolve)));

/** Call until the server answers; what is refused for good is thrown. */
export async function persist(call, signal) {
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (!mayPass(error)) throw error;
      lose(error);
      await answering();
      signal?.throwIfAborted();
    }
  }
}

function plan() {
  clearTimeout(timer);
  timer = setTimeout(tryNow, WAITS[Math.min(tries, WAITS.length - 1)] * 1000);
  tries += 1;
}

async function tryNow() {
  if (asking || trouble === null) return;
  clearTimeout(timer);
  asking = true;
  let answer;
  try {
    answer = await ask();
  } catch (error) {
    trouble = error.status ? error.message : "";
    say();
    return plan();
  } finally {
    asking = false;
  }
  trouble = null;
  since = performance.now();
  say();
  for (const go of waiting.splice(0)) go();
  returned(answer);
}

/** Say quietly that the server is looked for. */
function say() {
  const box = $("connection");
  box.hidden = trouble === null;
  if (trouble === null) return box.replaceChildren();
  const words = trouble || (tries > PATIENT ? "Reconnecting: is heatlas still running?" : "Reconnecting…");
  if (box.firstChild?.textContent === words) return;
  const now = make("button", { type: "button" }, "Try now");
  now.addEventListener("click", tryNow);
  box.replaceChildren(make("span", {}, words), now);
}

/** Say what is wrong for good. */
export function stand(words) {
  $("connection").textContent = words;
  $("connection").hidden = false;
}
