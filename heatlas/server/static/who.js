/** Who passed here: the answer to a click. */

import { at } from "./api.js";
import { mark, metresPerPixel } from "./maps.js";
import { dayText, kilometres, pace, toDay } from "./units.js";
import { $, count, counted, make, toast } from "./web/dom.js";

const RADIUS = 10; // pixels round the pointer
let asked = 0;
let back = null;

/** Ask who passed near a place, and list them. */
export async function askWho(place, filter) {
  const turn = ++asked;
  const radius = Math.min(2000, Math.max(10, RADIUS * metresPerPixel(place.lat)));
  let answer;
  try {
    answer = await at(place, radius, filter);
  } catch (error) {
    toast(error.message, "bad");
    return;
  }
  if (turn !== asked) return;
  mark(place, radius);
  if ($("who").hidden) back = document.activeElement;
  $("who-title").textContent = answer.total ? `${counted(answer.total, "activity")} passed here` : "Nobody passed here";
  $("who-list").replaceChildren(...answer.activities.map(row));
  const rest = answer.total - answer.activities.length;
  if (rest > 0) $("who-list").append(make("li", { className: "note" }, `and ${count(rest)} more`));
  $("who").hidden = false;
  $("who-title").focus({ preventScroll: true });
}

export function closeWho() {
  if ($("who").hidden) return false;
  asked += 1;
  mark(null);
  $("who").hidden = true;
  back?.focus?.({ preventScroll: true });
  return true;
}

function row(activity) {
  const known = (name, text) => Number.isFinite(activity[name]) && text(activity[name]);
  const whole = (unit) => (value) => `${Math.round(value)} ${unit}`;
  const facts = [known("distance", kilometres), activity.gear];
  const here = [
    activity.pace > 0 && paceOf(activity),
    activity.flat_pace > 0 && `flat ${pace(activity.flat_pace)}`,
    known("heart_rate", whole("bpm")),
    known("power", whole("W")),
    activity.waited > 0 && `waited ${Math.round(activity.waited)} s`,
  ];
  const inAll = [
    known("mean_heart_rate", whole("bpm")),
    known("normalised_power", (value) => `${Math.round(value)} W normalised`),
    known("decoupling", (value) => `decoupling ${value.toFixed(1)} %`),
  ];
  return make(
    "li",
    {},
    make("div", { className: "line" },
      make("strong", {}, activity.name || activity.sport || "Activity"),
      make("time", { className: "muted" }, activity.start ? dayText(toDay(activity.start)) : "")),
    ...lines([["", [activity.sport, ...facts]], ["Here: ", here], ["In all: ", inAll]]),
  );
}

/** A line for each list of facts of which any is known. */
const lines = (lists) =>
  lists
    .map(([words, facts]) => [words, facts.filter(Boolean)])
    .filter(([, facts]) => facts.length)
    .map(([words, facts]) => make("div", { className: "muted" }, words + facts.join(" · ")));

/** Pace on foot, speed on wheels. */
const paceOf = (activity) =>
  /ride|cycl|bike|ski/i.test(activity.sport ?? "") ? `${(3.6 / activity.pace).toFixed(1)} km/h` : pace(activity.pace);
