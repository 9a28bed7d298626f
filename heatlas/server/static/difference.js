/** The two sides of a difference in the panel: each is a year, a sport, a person, a gear, all others, or a filter of one's own. */

import { drawQuery, Refused, scale } from "./api.js";
import { quoted } from "./conditions.js";
import { measureOf, partsOf } from "./relations.js";
import { filter, get, set } from "./state.js";
import { $, make } from "./web/dom.js";

const OWN = "own"; // no filter: a word alone is none
const OTHERS = "others"; // what the other side does not choose, also where an attribute is unknown
const MOST = 12; // of each kind that a list offers
const WORDS = { second: "Mean of", first: "less mean of" };

let counts = new Map(); // year -> activities
let kinds = []; // [heading, [[filter, words], ...]] of the library
let own = { first: false, second: false }; // whether a side shows its text although a list has it

/** Offer the years, sports, people and gear of a library. */
export function fillDifference(library) {
  counts = new Map(library.years ?? []);
  const years = [...counts.keys()].sort((a, b) => b - a);
  kinds = [
    ["Years", years.map((year) => [`year = ${year}`, String(year)])],
    ["Sports", (library.sports ?? []).map(({ sport }) => [`sport = ${quoted(sport)}`, sport])],
    ["People", (library.people ?? []).map((person) => [`person = ${quoted(person)}`, person])],
    ["Gear", (library.gear ?? []).map((gear) => [`gear = ${quoted(gear)}`, gear])],
  ].map(([name, some]) => [name, some.slice(0, MOST)]).filter(([, some]) => some.length > 1);
}

/** The sides to begin with: the two years with the most activities, else the two most frequent sports, else halves of the year. */
export function usualSides() {
  if (counts.size > 1) {
    const busiest = [...counts].sort(([a, n], [b, m]) => m - n || b - a).slice(0, 2).map(([year]) => year);
    return busiest.sort((a, b) => a - b).map((year) => `year = ${year}`);
  }
  const [[second], [first]] = kinds[0]?.[1] ?? [["month > 6"], ["month <= 6"]];
  return [first, second];
}

/** What the filters of the panel choose, as one text; empty if they choose all. */
export function textOf({ sport, after, before, where }) {
  return [
    sport.length > 1 ? `sport IN (${sport.map(quoted).join(", ")})` : sport.length ? `sport = ${quoted(sport[0])}` : "",
    after && `start >= DATE('${after}')`,
    before && `start < DATE('${before}')`,
    where && `(${where})`,
  ].filter(Boolean).join(" AND ");
}

/** Show the sides of a measure; no difference has none. */
export function showDifference({ relation, sides }) {
  $("difference").hidden = relation !== "diff";
  if (relation !== "diff") return void (own = { first: false, second: false });
  const [first, second] = sides;
  showSide("second", second, first);
  showSide("first", first, second);
  const chosen = textOf(filter());
  $("difference-chosen").hidden = !chosen;
}

function showSide(side, text, opposite) {
  const select = $(`side-${side}`);
  const more = opposite === OTHERS ? [] : [[OTHERS, "All others"]];
  const lists = [...kinds, ["Other", [...more, [OWN, "Own filter…"]]]];
  select.replaceChildren(
    ...lists.map(([label, some]) => make("optgroup", { label }, ...some.map(([value, words]) => make("option", { value }, words)))),
  );
  const listed = lists.some(([, some]) => some.some(([value]) => value === text));
  select.value = listed && !own[side] ? text : OWN;
  const field = $(`side-${side}-text`);
  field.hidden = select.value !== OWN;
  if (document.activeElement !== field) field.value = text;
}

/** Compare other sides. */
function compare(patch) {
  const parts = partsOf(get().measure);
  const [first, second] = parts.sides;
  const now = { first, second, ...patch };
  set({ measure: measureOf({ ...parts, sides: [now.first, now.second] }) });
}

function chosen(side) {
  const { value } = $(`side-${side}`);
  own[side] = value === OWN;
  $("difference-error").textContent = "";
  $(`side-${side}-text`).removeAttribute("aria-invalid");
  if (!own[side]) return compare({ [side]: value });
  showDifference(partsOf(get().measure));
  $(`side-${side}-text`).focus();
}

/** Try a filter before it is taken: the server says what is wrong with it. */
async function tryText(side) {
  const field = $(`side-${side}-text`);
  const error = $("difference-error");
  const text = field.value.trim();
  const state = get();
  const parts = partsOf(state.measure);
  const sides = side === "first" ? [text, parts.sides[1]] : [parts.sides[0], text];
  let said = text ? "" : `“${WORDS[side]}” needs a filter.`;
  if (text) {
    try {
      await scale(measureOf({ ...parts, sides }), 12, drawQuery(state[state.side] ?? state.a, {}));
    } catch (refused) {
      if (!(refused instanceof Refused)) throw refused;
      said = refused.message;
    }
  }
  error.textContent = said;
  field.setAttribute("aria-invalid", String(Boolean(said)));
  if (!said) compare({ [side]: text });
}

/** Let what the panel's filters choose be one side, and all others the other; the filters are then open. */
function takeChosen() {
  const text = textOf(filter());
  const { side, measure } = get();
  const open = Object.freeze({ sport: [], after: "", before: "", where: "" });
  own = { first: false, second: false };
  set({ [side]: open, measure: measureOf({ ...partsOf(measure), sides: [OTHERS, text] }) });
}

function swap() {
  const [first, second] = partsOf(get().measure).sides;
  own = { first: own.second, second: own.first };
  compare({ first: second, second: first });
}

function openDifference() {
  for (const side of ["first", "second"]) {
    $(`side-${side}`).addEventListener("change", () => chosen(side));
    $(`side-${side}-text`).addEventListener("change", () => tryText(side));
  }
  $("difference-swap").addEventListener("click", swap);
  $("difference-chosen").addEventListener("click", takeChosen);
}
openDifference();
