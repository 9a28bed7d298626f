/** Presenting a year: its numbers, large, while the map fills up. */

import { filterQuery, read } from "./api.js";
import { nextDrawn, player } from "./drawing.js";
import { partsOf } from "./relations.js";
import { get, set } from "./state.js";
import { whenHead } from "./timeline.js";
import { dayText, fromDay, kilometres, toDay } from "./units.js";
import { $, count, make, toast } from "./web/dom.js";

let years = [];
let shown = null; // the year that is presented
let before = null; // what was there before
let turn = 0;

/** What is counted: [place in a row of `grown`, words for one and for more, how it is written]. */
const NUMBERS = [
  [1, ["activity", "activities"], count],
  [3, ["", ""], (metres) => kilometres(metres)],
  [2, ["day out", "days out"], count],
  [4, ["in motion", "in motion"], (seconds) => `${count(seconds / 3600)} h`],
  [5, ["climbed", "climbed"], (metres) => `${count(metres)} m`],
];
/** Activities of a year that is worth presenting unasked: a year that has just begun is not. */
const ENOUGH = 10;

/** Present the last year that has many activities, or the one that is chosen by its dates; of what the other filters choose. */
export async function present() {
  const now = get();
  const filter = { ...now.a, after: "", before: "" };
  try {
    ({ years } = await read("api/years.json", filterQuery(filter)));
  } catch (error) {
    return toast(error.message, "bad");
  }
  if (!years.length) return toast("No activity has a date", "bad");
  before = { a: now.a, b: now.b, side: now.side, split: now.split, measure: now.measure };
  document.body.classList.add("presenting");
  $("present").hidden = false;
  $("present-years").replaceChildren(...years.slice(0, 8).map(({ year }) => {
    const chip = make("button", { type: "button", className: "chip" }, String(year));
    chip.dataset.year = year;
    chip.addEventListener("click", () => show(year));
    return chip;
  }));
  $("present-close").focus();
  const wished = years.find(({ year }) => now.a.after.startsWith(String(year)));
  const full = years.find(({ grown }) => grown.at(-1)[1] >= ENOUGH);
  return show((wished ?? full ?? years[0]).year);
}

async function show(year) {
  const mine = ++turn;
  shown = years.find((one) => one.year === year);
  for (const chip of $("present-years").children) chip.setAttribute("aria-pressed", String(chip.dataset.year === String(year)));
  $("present-title").textContent = String(year);
  $("present-last").textContent = "";
  numbers(shown.grown[0]);
  const a = Object.freeze({ ...before.a, after: `${year}-01-01`, before: `${year + 1}-01-01` });
  const measure = partsOf(before.measure).relation ? "passes" : before.measure; // a relation shows itself in the end alone
  const now = get();
  if (now.b || now.a.after !== a.after || now.a.before !== a.before || now.measure !== measure) {
    const drawn = nextDrawn(); // which ends what is played
    set({ a, b: null, side: "a", measure }, true);
    await drawn;
  }
  if (mine !== turn) return;
  await player.play();
  if (mine !== turn || !shown) return;
  numbers(shown.grown.at(-1));
  const { longest, sports } = shown;
  $("present-last").textContent = [
    longest ? `The longest: ${longest.name || longest.sport}, ${kilometres(longest.metres)}, on ${dayText(toDay(longest.day))}` : "",
    sports.map(([sport, n]) => `${count(n)} ${sport}`).join(", "),
  ].filter(Boolean).join(". ");
}

/** Show a row of numbers; those that are not known are left out. */
function numbers(row) {
  $("present-numbers").replaceChildren(...NUMBERS.filter(([place]) => row[place] !== null).map(([place, [one, more], text]) =>
    make("li", {}, make("b", {}, text(row[place])), ` ${row[place] === 1 ? one : more}`.trimEnd())));
}

/** Numbers up to a day that is played. */
function upTo(day) {
  if (!shown || day === null) return;
  const text = fromDay(day);
  const row = shown.grown.findLast(([when]) => when <= text) ?? [text, 0, 0, ...shown.grown[0].slice(3).map((value) => value && 0)];
  numbers(row);
  $("present-day").textContent = dayText(day);
}

/** Go back to what was there before. */
export function endPresenting() {
  if (!shown) return false;
  turn += 1;
  shown = null;
  player.rest();
  document.body.classList.remove("presenting");
  $("present").hidden = true;
  set(before, true);
  $("present-open").focus();
  return true;
}

/** Fill the screen with the page, or leave that. */
export async function toggleFull() {
  try {
    await (document.fullscreenElement ? document.exitFullscreen() : document.documentElement.requestFullscreen());
  } catch {
    toast("The browser does not let this page fill the screen", "bad");
  }
}

whenHead(upTo);
$("present-open").addEventListener("click", present);
$("present-close").addEventListener("click", endPresenting);
$("present-again").addEventListener("click", () => show(shown.year));
$("present-full").addEventListener("click", toggleFull);
$("full").addEventListener("click", toggleFull);
$("full").hidden = !document.fullscreenEnabled;
$("present-full").hidden = !document.fullscreenEnabled;
document.addEventListener("fullscreenchange", () => $("full").setAttribute("aria-pressed", String(Boolean(document.fullscreenElement))));
