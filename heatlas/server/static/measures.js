/** Measures in groups, those that were used last, and a search among them and all that can be set against each other. */

import { allMetrics, measureOf, partsOf, relationsFor } from "./relations.js";
import { get, set } from "./state.js";
import { storedList, storeList } from "./stored.js";
import { $, later, make } from "./web/dom.js";

const GROUPS = ["Visits", "Movement", "Body", "Terrain", "Time", "Direction", "Own", "Relations", "Points"];
const KEY = "heatlas.measures";
const RECENT = 5; // measures that are remembered
const MOST = 40; // rows that a search shows

let measures = [];
let rows = []; // what is listed now: { title, about, group, value, go }
let at = -1;
let listed = ""; // words that are listed

const groupOf = ({ group, points }) => (points ? "Points" : GROUPS.includes(group) ? group : "Visits");

/** Options of measures or metrics under the names of their groups; without names where there is one group. */
export function groupedOptions(some) {
  const option = ({ name, title }) => make("option", { value: name }, title);
  const groups = GROUPS.map((label) => [label, some.filter((one) => groupOf(one) === label)]).filter(([, members]) => members.length);
  return groups.length > 1 ? groups.map(([label, members]) => make("optgroup", { label }, ...members.map(option))) : some.map(option);
}

/** Fill the menu of measures; those that were used last stand first. */
export function fillMeasures(all) {
  measures = all;
  const recent = recentOnes().filter((name) => measures.length > RECENT && measures.some((one) => one.name === name));
  const used = recent.map((name) => measures.find((one) => one.name === name));
  const first = used.length ? [make("optgroup", { label: "Recently used" }, ...used.map(({ name, title }) => make("option", { value: name }, title)))] : [];
  $("measure").replaceChildren(...first, ...groupedOptions(measures));
}

const recentOnes = () => storedList(KEY, (one) => typeof one === "string");

/** Remember that a measure was chosen. */
export const remember = (name) => storeList(KEY, [name, ...recentOnes().filter((one) => one !== name)].slice(0, RECENT));

function choose(name) {
  remember(name);
  set({ measure: name });
}

/** All that can be searched for; relations of two metrics are many, and listed when something is written. */
function everything() {
  const plain = measures.map((one) => ({ ...one, value: one.name, group: groupOf(one), go: () => choose(one.name) }));
  const metrics = allMetrics();
  const related = metrics.flatMap((one) =>
    relationsFor(one.name).filter(({ name }) => name !== "diff").flatMap((relation) =>
      metrics.filter((other) => other !== one && (relation.name === "slope" || metrics.indexOf(other) > metrics.indexOf(one)))
        .map((other) => relatedRow(relation, one, other))));
  const known = new Set(plain.map(({ value }) => value.replaceAll(" ", "")));
  return [...plain, ...related.filter(({ value }) => !known.has(value)), ...views(metrics)];
}

function relatedRow(relation, one, other) {
  const [first, second] = [one.title.toLowerCase(), other.title.toLowerCase()];
  const title = { corr: `Correlation of ${first} and ${second}`, slope: `${one.title} by ${second}`, both: `${one.title} and ${second}` }[relation.name];
  const value = measureOf({ relation: relation.name, metric: one.name, other: other.name });
  return { title: title ?? value, about: relation.about, group: "Relations", value, go: () => choose(value) };
}

/** What else shows something: explorer tiles, and the scatter of two metrics. */
function views(metrics) {
  const tiles = $("explorer").closest(".hidden") ? [] : ["14", "17"].map((zoom) => ({
    title: `Explorer tiles of zoom ${zoom}`, about: "Tiles that were visited, with the largest square and cluster", group: "Layers",
    value: `explorer=${zoom}`, go: () => set({ explorer: zoom }),
  }));
  const { metric } = partsOf(get().measure);
  const scatter = metrics.length < 2 ? [] : metrics.filter(({ name }) => name !== metric).map((one) => {
    const x = metrics.find(({ name }) => name === metric) ?? metrics.find((other) => other !== one);
    return {
      title: `Scatter of ${x.title.toLowerCase()} and ${one.title.toLowerCase()}`, about: "Passages in view by two metrics", group: "Layers",
      value: `scatter=${x.name},${one.name}`, go: () => set({ scatter: `${x.name},${one.name}`, brush: "" }),
    };
  });
  return [...tiles, ...scatter];
}

/**
 * Rows that hold all words: what is called so, other measures, then relations; those that begin with one first.
 * Without words: those used last, then all measures.
 */
function matching(text) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const all = everything();
  if (!words.length) {
    const used = recentOnes().map((name) => all.find(({ value }) => value === name)).filter(Boolean);
    return [...used.map((one) => ({ ...one, group: "Recently used" })), ...all.filter(({ group, value }) => group !== "Layers" && measures.some(({ name }) => name === value))];
  }
  const hay = ({ title, about, group, value }) => `${title} ${about ?? ""} ${group} ${value}`.toLowerCase();
  const inTitle = (title) => (words.every((word) => title.includes(word)) ? (title.startsWith(words[0]) ? 0 : 1) : 2);
  const rank = ({ title, group, value }) =>
    value === words.join(" ") ? -1 : inTitle(title.toLowerCase()) + (["Relations", "Layers"].includes(group) ? 3 : 0);
  return all.filter((one) => words.every((word) => hay(one).includes(word)))
    .map((one, k) => [rank(one), k, one]).sort(([a, i], [b, j]) => a - b || i - j).map(([, , one]) => one);
}

function list() {
  listed = $("find").value;
  const found = matching(listed);
  rows = found.slice(0, MOST);
  at = listed && rows.length ? 0 : -1;
  const groups = Map.groupBy ? [...Map.groupBy(rows, ({ group }) => group)] : byGroup(rows);
  rows = groups.flatMap(([, members]) => members);
  let k = 0;
  $("found").replaceChildren(...groups.map(([label, members]) => {
    const box = make("div", { role: "group" }, make("span", { className: "group", ariaHidden: "true" }, label), ...members.map((one) => rowOf(one, k++)));
    box.setAttribute("aria-label", label);
    return box;
  }));
  const rest = found.length - rows.length;
  $("find-said").textContent = !found.length ? "Nothing has these words" : rest > 0 ? `${rest} more: write another word` : "";
  mark();
}

function byGroup(all) {
  const found = new Map();
  for (const one of all) found.set(one.group, [...(found.get(one.group) ?? []), one]);
  return [...found];
}

function rowOf(one, k) {
  const row = make("div", { id: `found-${k}` }, make("strong", {}, one.title), make("small", { className: "muted" }, one.about ?? ""));
  row.setAttribute("role", "option");
  row.addEventListener("pointerdown", (event) => event.preventDefault()); // the field keeps the keyboard
  row.addEventListener("click", () => pick(k));
  return row;
}

function mark() {
  const all = $("found").querySelectorAll("[role=option]");
  for (const [k, row] of all.entries()) row.setAttribute("aria-selected", String(k === at));
  $("find").setAttribute("aria-activedescendant", at >= 0 ? `found-${at}` : "");
  all[at]?.scrollIntoView({ block: "nearest" });
}

function pick(k) {
  close();
  rows[k]?.go();
}

function open() {
  $("finder").hidden = false;
  $("find-open").setAttribute("aria-expanded", "true");
  $("find").value = "";
  list();
  $("find").focus();
}

function close() {
  if ($("finder").hidden) return;
  $("finder").hidden = true;
  $("find-open").setAttribute("aria-expanded", "false");
  $("find-open").focus();
}

function keys(event) {
  if (event.key !== "Escape" && $("find").value !== listed) list(); // keys may be faster than the list
  const last = rows.length - 1;
  const to = { ArrowDown: Math.min(last, at + 1), ArrowUp: Math.max(0, at - 1), PageDown: Math.min(last, at + 8), PageUp: Math.max(0, at - 8) }[event.key];
  if (event.key === "Enter" && at >= 0) pick(at);
  else if (event.key === "Escape") close();
  else if (to !== undefined) {
    at = to;
    mark();
  } else return;
  event.preventDefault();
  event.stopPropagation();
}

$("find-open").addEventListener("click", () => ($("finder").hidden ? open() : close()));
$("find").addEventListener("input", later(60, () => $("find").value !== listed && list()));
$("find").addEventListener("keydown", keys);
$("finder").addEventListener("focusout", ({ relatedTarget }) => {
  if (!$("finder").hidden && relatedTarget && !$("finder").contains(relatedTarget) && relatedTarget !== $("find-open")) {
    $("finder").hidden = true;
    $("find-open").setAttribute("aria-expanded", "false");
  }
});
