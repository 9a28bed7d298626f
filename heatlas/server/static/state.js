/** What is shown: one plain object, kept in the address so that a link restores it and "back" goes back. */

import { bright } from "./web/dom.js";
import { viewOf, viewText } from "./web/map.js";

const NO_FILTER = Object.freeze({ sport: [], after: "", before: "", where: "", name: "" });
const START = Object.freeze({
  view: null,
  measure: "",
  a: NO_FILTER,
  b: null,
  side: "a",
  split: 0.5,
  colormap: "",
  tone: "",
  fit: "",
  classes: "",
  smooth: "",
  radius: "",
  kernel: "",
  density: "",
  explorer: "",
  scatter: "",
  brush: "",
  box: "",
  opacity: 1,
  theme: "",
  base: "",
  baseUrl: "",
  baseCredit: "",
});
const TEXTS = ["measure", "colormap", "tone", "fit", "classes", "smooth", "radius", "kernel", "density", "explorer", "scatter", "brush", "box", "theme", "base", "baseUrl", "baseCredit"];
const FOUR = /^-?[\d.]+(e-?\d+)?(,-?[\d.]+(e-?\d+)?){3}$/; // four numbers
/** Changes of one kind within so many milliseconds are one step back. */
const ONE_STEP = 1200;

let state = START;
let last = { keys: "", when: 0 };
const watchers = [];

export const get = () => state;

/** The theme that is set, or that of the system. */
export const theme = () => state.theme || (bright.matches ? "light" : "dark");

/** The sides that are shown: one map, or two that are compared. */
export const sides = (now = state) => (now.b ? ["a", "b"] : ["a"]);

/** Call with the new and the old state after each change. */
export const watch = (call) => watchers.push(call);

/** Change some of the state; `same` is what was meant before, and no step back. */
export function set(patch, same = false) {
  const old = state;
  const other = ["measure", "brush"].some((key) => key in patch && patch[key] !== state[key]);
  if (state.fit && other && !("tone" in patch)) patch = { ...patch, tone: "", fit: "" }; // colours fitted another measure
  state = Object.freeze({ ...state, ...patch });
  const address = toHash(state);
  if (address !== location.hash) {
    const keys = Object.keys(patch).sort().join();
    const minor = keys === "view" || keys === "split" || keys === "side";
    const soon = keys === last.keys && Date.now() - last.when < ONE_STEP;
    history[minor || soon || same ? "replaceState" : "pushState"](null, "", address || location.pathname + location.search);
    if (!minor && !same) last = { keys, when: Date.now() };
  }
  for (const call of watchers) call(state, old);
}

/** Change the filter of the side that the panel is for; another filter has no name, unless it is given one. */
export const setFilter = (patch) => set({ [state.side]: Object.freeze({ ...filter(), name: "", ...patch }) });
export const filter = () => state[state.side] ?? state.a;

/** Forget filters and style; the place, what is counted, the theme and the base map stay. */
export const reset = () => set({ ...START, view: state.view, measure: state.measure, theme: state.theme, base: state.base });

/** Read the address, now and whenever "back" or "forward" is used. */
export function start() {
  state = fromHash(location.hash);
  addEventListener("popstate", () => {
    const old = state;
    const read = fromHash(location.hash);
    state = read.measure ? read : Object.freeze({ ...read, measure: old.measure });
    last = { keys: "", when: 0 };
    for (const call of watchers) call(state, old);
  });
}

export function toHash(s) {
  const parts = [];
  const put = (name, value) => parts.push(`${name}=${encodeURIComponent(value).replaceAll("%2C", ",").replaceAll("%3A", ":")}`);
  if (s.view) put("map", viewText(s.view));
  for (const name of TEXTS) if (s[name]) put(name, s[name]);
  if (s.opacity !== 1) put("opacity", s.opacity);
  for (const side of ["a", "b"]) {
    const prefix = side === "b" ? "b." : "";
    if (!s[side]) continue;
    for (const sport of s[side].sport) put(`${prefix}sport`, sport);
    for (const name of ["after", "before", "where", "name"]) if (s[side][name]) put(prefix + name, s[side][name]);
  }
  if (s.b) put("split", s.split.toFixed(3));
  return parts.length ? `#${parts.join("&")}` : "";
}

export function fromHash(hash) {
  const said = new URLSearchParams(hash.replace(/^#/, "").replaceAll("+", "%2B"));
  const read = { ...START };
  for (const name of TEXTS) read[name] = said.get(name) ?? "";
  if (!/^1[0-7]$/.test(read.explorer)) read.explorer = "";
  if (!/^\w+,\w+$/.test(read.scatter)) read.scatter = "";
  for (const name of ["brush", "box"]) if (!read.scatter || !FOUR.test(read[name])) read[name] = "";
  if (!read.tone || !viewOf(read.fit)) read.fit = "";
  read.view = viewOf(said.get("map") ?? "");
  read.opacity = within(said.get("opacity"), 0.1, 1, 1);
  read.a = readFilter(said, "");
  if (said.has("split")) read.b = readFilter(said, "b.");
  read.split = within(said.get("split"), 0.02, 0.98, 0.5);
  if (!["", "dark", "light"].includes(read.theme)) read.theme = "";
  return Object.freeze(read);
}

function readFilter(said, prefix) {
  const day = (name) => (isDay(said.get(prefix + name) ?? "") ? said.get(prefix + name) : "");
  return Object.freeze({
    sport: said.getAll(`${prefix}sport`),
    after: day("after"),
    before: day("before"),
    where: said.get(`${prefix}where`) ?? "",
    name: said.get(`${prefix}name`) ?? "",
  });
}

/** Whether a text is a date that exists: 2024-02-29, not 2023-02-29. */
function isDay(text) {
  const time = /^\d{4}-\d\d-\d\d$/.test(text) && text >= "0001" ? Date.parse(`${text}T00:00:00Z`) : NaN;
  return Number.isFinite(time) && new Date(time).toISOString().startsWith(text);
}

function within(text, low, high, otherwise) {
  const value = text === null ? NaN : Number(text);
  return value >= low && value <= high ? value : otherwise;
}
