/** Who passed here: the answer to a click; and which activities go the same way. */

import { arrows, factsOf, only, opens, headingOf } from "./activity.js";
import { at } from "./api.js";
import { mark, metresPerPixel } from "./maps.js";
import { keepAbove, pin } from "./route.js";
import { sameWay } from "./single.js";
import { dayText, pace, paceOf, toDay } from "./units.js";
import { $, count, counted, make, phone, toast } from "./web/dom.js";

const RADIUS = 10; // pixels round the pointer
let asked = 0;
let back = null;
let tapped = null; // the place of the question

/** Ask who passed near a place, and list them. */
export async function askWho(place, filter) {
  const turn = ++asked;
  const radius = Math.min(2000, Math.max(10, RADIUS * metresPerPixel(place.lat)));
  mark(place, radius); // at once: the answer may take a while
  const answer = await waitFor(at(place, radius, filter), turn);
  if (!answer) return;
  tapped = place;
  show(answer.total ? `${counted(answer.total, "activity")} passed here` : "Nobody passed here", answer, row);
}

/** List the activities that go the same way as one. */
export async function askSameWay(activity) {
  const answer = await waitFor(sameWay(activity.number), ++asked);
  if (!answer) return;
  tapped = null;
  mark(null);
  const others = answer.total - 1;
  show(others > 0 ? `${counted(answer.total, "activity")} on this route` : "No other activity took this route", answer, sameRow);
  pin(activity.number);
  if (others < 1) return;
  const all = make("button", { type: "button", className: "chip" }, "Only these");
  all.addEventListener("click", () => only(answer.activities.map(({ term }) => term)));
  $("who-list").prepend(make("li", { className: "chips small" }, all));
}

/** The answer to a question that is still the last one; what is wrong is told. The pointer shows that it is asked. */
async function waitFor(question, turn) {
  document.body.classList.add("asking");
  try {
    const answer = await question;
    return turn === asked ? answer : null;
  } catch (error) {
    toast(error.message, "bad");
    if (turn === asked && $("who").hidden) mark(null);
    return null;
  } finally {
    if (turn === asked) document.body.classList.remove("asking");
  }
}

function show(title, answer, makeRow) {
  if ($("who").hidden) back = document.activeElement;
  pin(null);
  $("who-title").textContent = title;
  $("who-list").replaceChildren(...answer.activities.map(makeRow));
  const rest = answer.total - answer.activities.length;
  if (rest > 0) $("who-list").append(make("li", { className: "note" }, `and ${count(rest)} more`));
  $("who").hidden = false;
  $("who-title").focus({ preventScroll: true });
}

/** Close the list, or give up a question that is still asked; returns whether there was either. */
export function closeWho() {
  const asking = document.body.classList.contains("asking");
  if ($("who").hidden && !asking) return false;
  asked += 1;
  document.body.classList.remove("asking");
  mark(null);
  if ($("who").hidden) return true;
  pin(null);
  $("who").hidden = true;
  back?.focus?.({ preventScroll: true });
  return true;
}

/** A row that opens; `lines` are lists of facts. */
function entry(activity, facts) {
  const button = make("button", { type: "button", className: "activity" },
    make("span", { className: "line" },
      make("strong", {}, headingOf(activity)),
      make("time", { className: "muted" }, activity.start ? dayText(toDay(activity.start)) : "")),
    ...lines([["", factsOf(activity)], ...facts]));
  const more = make("div", { className: "activity-more" });
  opens(button, more, activity, askSameWay);
  return make("li", {}, button, more);
}

const sameRow = (activity) => entry(activity, [["", [`${Math.round(activity.share * 100)} % of the way is shared`]]]);

function row(activity) {
  const known = (name, text) => Number.isFinite(activity[name]) && text(activity[name]);
  const whole = (unit) => (value) => `${Math.round(value)} ${unit}`;
  return entry(activity, [["Here: ", [
    activity.pace > 0 && paceOf(activity.pace, activity.sport),
    activity.flat_pace > 0 && `flat ${pace(activity.flat_pace)}`,
    known("heart_rate", whole("bpm")),
    known("power", whole("W")),
    activity.passes > 1 && `${activity.passes} times`,
    activity.waited > 0 && `waited ${Math.round(activity.waited)} s`,
  ]]]);
}

/** A line for each list of facts of which any is known. */
const lines = (lists) =>
  lists
    .map(([words, facts]) => [words, facts.filter(Boolean)])
    .filter(([, facts]) => facts.length)
    .map(([words, facts]) => make("span", { className: "muted" }, words + facts.join(" · ")));

arrows($("who-list"), ".activity");
// On a phone the list is a sheet: whenever it grows, the place that was tapped stays above it.
new ResizeObserver(() => phone.matches && tapped && !$("who").hidden && keepAbove(tapped, $("who"))).observe($("who"));
