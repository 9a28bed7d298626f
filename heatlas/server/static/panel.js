/** The panel: what is counted, of what, and in which colours. It shows the state and changes it. */

import { fillChips, showChips } from "./chips.js";
import { fillCompletion } from "./where.js";
import { fillDifference, showDifference, usualSides } from "./difference.js";
import { fillMeasures, groupedOptions, remember } from "./measures.js";
import { pointsOf } from "./points.js";
import { allMetrics, differs, measureOf, partnerOf, partsOf, relationOf, relationsFor } from "./relations.js";
import { filter, get, set, setFilter } from "./state.js";
import { bounds, datesOf, rangeOf } from "./timeline.js";
import { fromDay, kilometres, toDay } from "./units.js";
import { $, count, counted, make, phone } from "./web/dom.js";
import { foldPanel } from "./web/frame.js";
import { addsUp, KERNELS, RADII } from "./web/kernels.js";
import { placeRow } from "./web/places.js";
import { gradient } from "./web/scale.js";

const SMOOTH = [["", "Automatic"], ["0px", "None"], ["1px", "1 pixel"], ["2px", "2 pixels"], ["4px", "4 pixels"],
  ["4m", "4 metres"], ["10m", "10 metres"], ["25m", "25 metres"], ["100m", "100 metres"]];
const TONES = { log: "Logarithmic", linear: "Linear", sqrt: "Square root", rank: "Even (rank)", local: "Local (surroundings)" };
const EXPLORER = [["", "Off"], ["14", "Zoom 14"], ["17", "Zoom 17"]];
const FEW = 6; // sports before the rest is folded away
const SWATCHES = 11; // and colour maps, so that they fill two rows

let abouts = new Map(); // measure -> a sentence on it
let allSports = false;
let allColors = false;

/** Fill the panel from a library. */
export function fillPanel(library) {
  const points = library.point_sets.reduce((sum, set) => sum + set.points, 0);
  $("summary").textContent = library.activities
    ? `${counted(library.activities, "activity")} · ${kilometres(library.distance)}`
    : points ? counted(points, "point") : "";
  fillMeasures(library.measures);
  abouts = new Map(library.measures.map(({ name, about }) => [name, about]));
  options($("radius"), RADII);
  options($("kernel"), KERNELS);
  options($("tone"), [["", "Automatic"], ...library.tones.map((tone) => [tone, TONES[tone] ?? tone])]);
  options($("smooth"), SMOOTH);
  options($("explorer"), EXPLORER);
  options($("base"), [
    ...(library.basemap ? [["", "As set up"]] : []),
    [library.basemap ? "none" : "", "Natural Earth (offline)"],
    ["osm", "OpenStreetMap (online)"],
    ["own", "Other tiles (online)…"],
  ]);
  $("add").hidden = !library.import;
  fillDifference(library);
  fillSports(library);
  fillChips(library);
  fillCompletion(library);
  fillSpans(library.public, library.first !== null);
  fillColors(library);
}

/** Show what a measure tells, and what it is set against. */
function showMeasure(measure) {
  const parts = partsOf(measure);
  const others = allMetrics().filter(({ name }) => name !== parts.metric);
  const known = relationsFor(parts.metric);
  $("against-field").hidden = !parts.metric || !(known.length || parts.relation);
  $("other-field").classList.toggle("hidden", !parts.relation || parts.relation === "diff");
  options($("relation"), [["", "Nothing"], ...known.map(({ name, title }) => [name, title])]);
  $("relation").value = parts.relation;
  showDifference(parts);
  $("other").replaceChildren(...groupedOptions(others));
  $("other").value = parts.other;
  const about = abouts.get(measure) ?? relationOf(measure)?.about ?? allMetrics().find(({ name }) => name === parts.metric)?.about;
  $("measure-about").textContent = about ? `${about}.` : "";
  $("measure-about").hidden = !about;
}

function relate(patch) {
  const parts = { ...partsOf(get().measure), ...patch };
  if (parts.relation && !parts.other) parts.other = partnerOf(parts.metric);
  if (parts.relation === "diff" && !parts.sides.length) parts.sides = usualSides();
  set({ measure: measureOf(parts) });
}

/** Take another measure; the sides of a difference stay where it has any. */
function measure(name) {
  remember(name);
  const parts = partsOf(get().measure);
  set({ measure: parts.relation === "diff" && differs(name) ? measureOf({ ...parts, metric: name }) : name });
}

function options(select, pairs) {
  select.replaceChildren(...pairs.map(([value, text]) => make("option", { value }, text)));
}

function fillSports(library) {
  const chips = library.sports.map(({ sport, activities }) => {
    const chip = make("button", { type: "button", className: "chip" }, sport, make("small", {}, count(activities)));
    chip.dataset.sport = sport;
    chip.addEventListener("click", () => {
      const now = filter().sport;
      setFilter({ sport: now.includes(sport) ? now.filter((one) => one !== sport) : [...now, sport] });
    });
    return chip;
  });
  const rest = library.sports.length - FEW;
  if (rest > 1) {
    const more = make("button", { type: "button", className: "chip quiet" }, `${rest} more`);
    more.addEventListener("click", () => {
      allSports = true;
      showPanel(get());
      more.remove();
      chips[FEW].focus();
    });
    chips.push(more);
  }
  allSports ||= rest <= 1;
  $("sports").replaceChildren(...chips);
  $("sports").parentElement.hidden = library.sports.length < 2;
}

/** Spans of time to choose from; on a public map of whole months, or nothing where it tells no month. */
function fillSpans(publicly, known) {
  $("spans").parentElement.hidden = !known;
  const [, last] = bounds();
  const year = new Date(last * 86400000).getUTCFullYear();
  const spans = [
    ["All", { after: "", before: "" }],
    [String(year), { after: `${year}-01-01`, before: "" }],
    [String(year - 1), { after: `${year - 1}-01-01`, before: `${year}-01-01` }],
    publicly ? ["3 months", datesOf([last - 75, last])] : ["90 days", { after: fromDay(last - 89), before: "" }],
  ];
  $("spans").replaceChildren(...spans.map(([text, dates]) => {
    const chip = make("button", { type: "button", className: "chip" }, text);
    chip.dataset.dates = JSON.stringify(dates);
    chip.addEventListener("click", () => setFilter(dates));
    return chip;
  }));
}

function fillColors(library) {
  const swatch = (name, text, colors) => {
    const button = make("button", { type: "button", className: "swatch", title: text, role: "radio" });
    button.setAttribute("role", "radio");
    button.setAttribute("aria-label", text);
    button.dataset.name = name;
    if (colors) button.style.background = gradient(colors);
    else button.textContent = "Auto";
    button.addEventListener("click", () => set({ colormap: name }));
    return button;
  };
  $("colormaps").replaceChildren(
    swatch("", "Automatic: suits the measure and the theme", null),
    ...library.colormaps.map(({ name, colors }) => swatch(name, name, colors)),
  );
  $("more-colors").onclick = () => {
    allColors = true;
    showPanel(get());
    $("colormaps").children[SWATCHES].focus();
  };
}

/** List the places of a library, or of a point set. `jump(place)` goes to one. */
export function fillPlaces({ places, bbox, points }, jump) {
  $("jump").hidden = !places.length;
  const rows = places.slice(0, 12).map((place) => placeRow(place.name, place.activities ?? place.points, () => jump(place)));
  if (bbox) rows.unshift(placeRow("All points", points, () => jump({ bbox })));
  $("places").replaceChildren(...rows);
}

/** Show a state. */
export function showPanel(state) {
  const now = filter();
  const listed = [...$("measure").options].some(({ value }) => value === state.measure);
  const shown = { ...state, measure: listed ? state.measure : relationOf(state.measure) ? partsOf(state.measure).metric : state.measure };
  $("measure").value = shown.measure;
  $("tone").value = state.tone;
  for (const id of ["smooth", "radius", "kernel", "explorer"]) $(id).value = state[id];
  for (const id of ["measure", "tone", "smooth", "radius", "kernel", "explorer"]) {
    // What a link says and no choice of ours has: show it as it is.
    if ($(id).value === shown[id]) continue;
    $(id).append(make("option", { value: shown[id] }, shown[id]));
    $(id).value = shown[id];
  }
  showMeasure(state.measure);
  const points = pointsOf(state.measure);
  for (const element of document.querySelectorAll("#panel .of-tracks")) element.classList.toggle("hidden", Boolean(points));
  for (const element of document.querySelectorAll("#panel .of-points")) element.classList.toggle("hidden", !points);
  $("density-field").hidden = !addsUp(state.measure);
  $("density").checked = state.density === "1";
  $("opacity").value = Math.round(state.opacity * 100);
  $("opacity-value").textContent = `${Math.round(state.opacity * 100)} %`;
  $("base").value = state.base;
  $("own-base").hidden = state.base !== "own";
  $("base-url").value = state.baseUrl;
  $("base-credit").value = state.baseCredit;
  if (document.activeElement !== $("where")) $("where").value = now.where;
  showChips();
  const [first, last] = bounds();
  const [from, to] = rangeOf(now);
  for (const [id, day] of [["after", from], ["before", to]]) {
    $(id).min = fromDay(first);
    $(id).max = fromDay(last);
    $(id).value = fromDay(day);
  }
  for (const chip of $("sports").querySelectorAll("[data-sport]")) {
    const on = now.sport.includes(chip.dataset.sport);
    chip.setAttribute("aria-pressed", String(on));
    chip.hidden = !allSports && !on && [...$("sports").children].indexOf(chip) >= FEW;
  }
  for (const chip of $("spans").children) {
    const dates = JSON.parse(chip.dataset.dates);
    chip.setAttribute("aria-pressed", String(rangeOf(dates).join() === [from, to].join()));
  }
  $("more-colors").hidden = allColors;
  for (const [i, swatch] of [...$("colormaps").children].entries()) {
    const on = swatch.dataset.name === state.colormap;
    swatch.hidden = !allColors && !on && i >= SWATCHES + 1;
    swatch.setAttribute("aria-checked", String(on));
    swatch.tabIndex = on ? 0 : -1;
  }
  showSides(state);
}

function showSides(state) {
  $("sides").hidden = !state.b;
  $("compare").setAttribute("aria-pressed", String(Boolean(state.b)));
  $("sides").replaceChildren(...[["a", "Left map"], ["b", "Right map"]].map(([side, text]) => {
    const button = make("button", { type: "button" }, text);
    button.setAttribute("role", "radio");
    button.setAttribute("aria-checked", String(state.side === side));
    button.tabIndex = state.side === side ? 0 : -1;
    button.addEventListener("click", () => set({ side }));
    return button;
  }));
}

function radioKeys(group) {
  group.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const all = [...group.children].filter((one) => !one.hidden);
    const next = (all.indexOf(document.activeElement) + step + all.length) % all.length;
    all[next].click();
    const now = [...group.children].filter((one) => !one.hidden);
    now[next].focus();
  });
}

function openPanel() {
  $("measure").addEventListener("change", () => measure($("measure").value));
  for (const id of ["tone", "smooth", "radius", "kernel", "explorer", "base"]) {
    $(id).addEventListener("change", () => set({ [id]: $(id).value, ...(id === "tone" ? { fit: "" } : {}) }));
  }
  for (const id of ["relation", "other"]) $(id).addEventListener("change", () => relate({ [id]: $(id).value }));
  $("density").addEventListener("change", () => set({ density: $("density").checked ? "1" : "" }));
  $("opacity").addEventListener("input", () => set({ opacity: Number($("opacity").value) / 100 }));
  $("base-url").addEventListener("change", () => set({ baseUrl: $("base-url").value.trim() }));
  $("base-credit").addEventListener("change", () => set({ baseCredit: $("base-credit").value.trim() }));
  for (const id of ["after", "before"]) {
    $(id).addEventListener("change", () => {
      let [from, to] = rangeOf(filter());
      const day = $(id).value ? toDay($(id).value) : null;
      // What is chosen holds: the other end makes room.
      if (day !== null) [from, to] = id === "after" ? [day, Math.max(day, to)] : [Math.min(day, from), day];
      setFilter(datesOf([from, to]));
    });
  }
  radioKeys($("colormaps"));
  radioKeys($("sides"));
  foldPanel(phone.matches);
}
openPanel();
