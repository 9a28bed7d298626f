/** The live map: reads the library, and lets state, maps and panels follow one another. */

import { drawQuery, library as readLibrary, scale, tiles } from "./api.js";
import { allow, baseOf, showBase } from "./base.js";
import { importing, openDrop } from "./drop.js";
import { drawExplorer } from "./explorer.js";
import * as maps from "./maps.js";
import { fillPanel, fillPlaces, showPanel } from "./panel.js";
import { picture, save } from "./picture.js";
import { createPlayer } from "./player.js";
import { daysOf, knowPoints, pointsOf, pointStyle } from "./points.js";
import { isBoth, knowRelations, relationOf } from "./relations.js";
import { brushTitle, followScatter, knowScatter, openScatter, shownMeasure } from "./scatter.js";
import { openShare } from "./share.js";
import * as state from "./state.js";
import { bounds, datesOf, openTimeline, rangeOf, showHead, showRange } from "./timeline.js";
import { $, bright, later, phone, toast } from "./web/dom.js";
import { foldPanel, openButtons, paintPage } from "./web/frame.js";
import { createHeat } from "./web/heat.js";
import { addsUp } from "./web/kernels.js";
import { showLegend } from "./web/legend.js";
import { placeOf } from "./web/map.js";
import { drawn, hasTicks } from "./web/scale.js";
import { askWho, closeWho } from "./who.js";

const heats = { a: null, b: null };
let library = null;
let scales = [];
let shared = null; // the tone of both maps while two are compared
let locked = null; // the tone while the map fills up
let scaled = -1; // the zoom of the scales
let looking = false; // whether the library has changed
let player;

const theme = () => state.get().theme || (bright.matches ? "light" : "dark");

/** Colours that replace those of a measure on a light ground, where there are any. */
function brightOf(measure, points) {
  if (points) return addsUp(measure) && !(points.signed && measure.startsWith("sum")) ? "wine" : "";
  const known = library?.measures.find(({ name }) => name === measure) ?? relationOf(measure);
  return known?.bright ?? (/^(share|sum)\(/.test(measure) ? "wine" : "");
}

/** How heat is drawn: on a light ground the default colours are ones that darken. */
function style(now = state.get()) {
  const points = pointsOf(now.measure);
  if (isBoth(shownMeasure(now))) return { classes: now.classes, tone: toneOf(now), smooth: now.smooth }; // it has colours of its own
  const colormap = now.colormap || (theme() === "light" ? brightOf(shownMeasure(now), points) : "");
  return points ? pointStyle({ ...now, colormap }) : { colormap, tone: toneOf(now), smooth: now.smooth };
}

/** The tone that is set, where it is one for what is shown: of two metrics at once what lies between their thirds. */
const toneOf = (now) => (isBoth(shownMeasure(now)) === now.tone.includes(",") ? now.tone : "");

const isEmpty = () => !library.activities && !library.point_sets.length;

const sides = () => (state.get().b ? ["a", "b"] : ["a"]);
const busy = () => ($("busy").hidden = !Object.values(heats).some((heat) => heat?.waiting()));

function show(side, filter, look = style(), options = {}) {
  const query = drawQuery(filter, look);
  return heats[side].show(tiles(shownMeasure(state.get()), query, library.version), options);
}

/** Draw explorer tiles, or take them away. */
const explore = () => drawExplorer(maps.bySide(), theme(), library.version);

/** Draw the heat and ask for its legend; two maps share one scale, so that their colours can be compared. */
async function draw() {
  if (isEmpty()) return;
  player.rest();
  showHead(null);
  const now = state.get();
  if (!now.b) {
    shared = null;
    show("a", now.a);
    refreshLegend();
    return;
  }
  await askScales();
  if (state.get() !== now && state.get().b !== now.b) return;
  for (const side of sides()) if (heats[side]) show(side, now[side], { ...style(), tone: shared ?? toneOf(now) });
}

let asking = new AbortController();

/** Ask for the scale of each side, and show the legend. */
async function askScales() {
  asking.abort();
  asking = new AbortController();
  const { signal } = asking;
  const now = state.get();
  const zoom = maps.zoomOf(library);
  const ask = (side, look) => scale(shownMeasure(now), zoom, drawQuery(now[side], look), signal).catch((error) => {
    if (error.name === "AbortError") throw error;
    return { error: error.message };
  });
  try {
    let found = await Promise.all(sides().map(async (side) => [side, await ask(side, style(now))]));
    shared = now.b ? commonTone(now, found) : null;
    if (shared) {
      const one = { ...style(now), tone: shared };
      found = await Promise.all(found.map(async ([side]) => [side, await ask(side, one)]));
    }
    scales = found;
    scaled = zoom;
  } catch {
    return; // something newer is asked
  }
  locked = null;
  const title = brushTitle(now);
  if (title) scales = scales.map(([side, one]) => [side, one.error ? one : { ...one, title }]);
  showLegend(scales, Boolean(shared), { shown: classesOf(now), pick });
}

/** Classes of two metrics that are shown; empty: all. */
const classesOf = ({ classes }) => new Set(classes.split(",").filter(Boolean).map(Number));

/** Show a class of two metrics, or no more; without any, all are shown. */
function pick(number) {
  const shown = classesOf(state.get());
  if (!shown.delete(number)) shown.add(number);
  state.set({ classes: shown.size === 9 ? "" : [...shown].sort().join() });
}

const refreshLegend = later(60, () => library && !isEmpty() && askScales());

/** After the map has moved: scales belong to a zoom. */
async function moved(view) {
  state.set({ view });
  if (!library || isEmpty() || maps.zoomOf(library) === scaled) return;
  if (state.get().b && !player.playing()) await draw();
  else refreshLegend();
}

/** A tone that spans the ranges of all sides; a rank has no range, and what the user has fixed stays. */
function commonTone(now, found) {
  const good = found.map(([, one]) => one).filter(drawn);
  if (good[0]?.square) return toneOf(now) || commonThirds(good.map(({ square }) => square));
  const curve = toneOf(now) || good[0]?.curve;
  if (!hasTicks(good[0])) return null;
  if (!good.length || !["log", "linear", "sqrt"].includes(curve)) return null;
  return `${curve}:${Math.min(...good.map((one) => one.low))}:${Math.max(...good.map((one) => one.high))}`;
}

/** Values between thirds halfway between those of all sides: equal colours are then equal values. */
function commonThirds(squares) {
  const between = (axis) => [0, 1].map((k) => squares.reduce((sum, square) => sum + square[axis].between[k], 0) / squares.length);
  return ["x", "y"].map((axis) => between(axis).map((value) => Number(value.toPrecision(6))).join(":")).join();
}

/** The map as it was when a share of its time had passed; with the scale of the whole, so that it fills up. */
async function frame(share) {
  const now = state.get();
  if (share === null) {
    locked = null;
    showHead(null);
    await Promise.all(sides().map((side) => show(side, now[side], { ...style(now), tone: shared ?? toneOf(now) })));
    return;
  }
  locked ??= commonTone(now, scales) ?? toneOf(now);
  const looks = sides().map((side) => {
    const [from, to] = rangeOf(now[side]);
    const day = Math.round(from + share * (to - from));
    if (side === "a") showHead(day);
    return show(side, { ...now[side], before: datesOf([from, day]).before }, { ...style(now), tone: locked }, { abrupt: true });
  });
  await Promise.all(looks);
}

function showTheme() {
  paintPage(theme());
  maps.setTheme(theme());
}

const tagOf = (filter) => {
  const [from, to] = rangeOf(filter);
  const years = [from, to].map((day) => new Date(day * 86400000).getUTCFullYear());
  const dates = filter.after || filter.before ? [...new Set(years)].join("–") : "All time";
  return (pointsOf() ? [dates] : [dates, filter.sport.join(", "), filter.where]).filter(Boolean).join(" · ");
};

async function showCompare(now) {
  const map = await maps.compare(Boolean(now.b));
  if (!now.b) return void (heats.b = null);
  if (!state.get().b) return; // left again while the second map was made
  if (map && heats.b?.map !== map) {
    heats.b = Object.assign(heatOn(map), { map });
    heats.b.fade(now.opacity);
    showBase(now, library);
  }
  maps.divide(now.split);
  $("tag-a").textContent = tagOf(now.a);
  $("tag-b").textContent = tagOf(now.b);
}

/** Let everything follow a change of the state. */
async function follow(now, old) {
  const differs = (...keys) => keys.some((key) => now[key] !== old[key]);
  if (differs("view") && now.view && old.view && far(now.view)) maps.main().jumpTo({ center: now.view, zoom: now.view.zoom });
  if (differs("theme")) showTheme();
  if (differs("b", "a")) await showCompare(now);
  if (now.b && differs("split")) maps.divide(now.split);
  if (differs("base", "baseUrl", "baseCredit")) showBase(now, library);
  if (differs("opacity")) for (const side of sides()) heats[side]?.fade(now.opacity);
  if (differs("a", "b", "side")) showRange(state.filter());
  if (differs("measure")) showKind(old.measure);
  const restyled = differs("measure", "a", "b", "colormap", "tone", "classes", "smooth", "radius", "kernel", "density", "theme");
  if (restyled || shownMeasure(now) !== shownMeasure(old)) draw();
  if (differs("scatter", "brush", "box", "measure", "a", "b", "side", "view", "theme")) followScatter(now, old);
  if (differs("measure", "a", "b", "side", "explorer", "theme")) explore();
  if (differs("a", "b", "measure")) closeWho();
  if (Object.keys(now).some((key) => key !== "view" && now[key] !== old[key])) showPanel(now);
}

/** Show what goes with tracks, or with points: these have no filter but their time, if it is known, and nobody who passed. */
function showKind(before) {
  const points = pointsOf();
  const days = points ? daysOf(points) : library.days ?? [];
  openTimeline(days, (range) => moveRange(range), { byMonth: library.public, of: points ? "point" : "activity" });
  $("compare").hidden = Boolean(points) && days.length < 2;
  document.body.classList.toggle("points", Boolean(points));
  maps.sayKeys(points);
  fillPlaces(points ?? library, jump);
  if (points && days.length < 2 && state.get().b) state.set({ b: null, side: "a" });
  showRange(state.filter());
  if (points && points !== pointsOf(before) && before !== undefined && !maps.sees(points.bbox)) maps.fit(points.bbox);
}

function jump(place) {
  maps.fit(place.bbox);
  if (phone.matches) foldPanel(true);
}

/** Whether the map is elsewhere than a view says: then "back" was used. */
function far(view) {
  const here = placeOf(maps.main());
  return Math.abs(here.zoom - view.zoom) > 0.01 || Math.abs(here.lat - view.lat) > 1e-4 || Math.abs(here.lng - view.lng) > 1e-4;
}

/** Begin to compare: the year before beside what is shown, or stop. */
function toggleCompare() {
  const now = state.get();
  if (now.b) return state.set({ b: null, side: "a" });
  const [first, last] = bounds();
  let [from, to] = rangeOf(now.a);
  if (to - from > 366 && from === first && to === last) from = last - 364;
  const before = datesOf([Math.max(first, from - 365), Math.max(first, from - 1)]);
  return state.set({ a: { ...now.a, ...before }, b: { ...now.a, ...datesOf([from, to]) }, side: "b", split: phone.matches ? 0.5 : 0.6 });
}

const heatOn = (map) => createHeat(map, { minzoom: library.minzoom, maxzoom: library.maxzoom, busy });

/** Show a library, as it is read or was; `fresh` goes to where it is busiest. */
async function load(fresh, read) {
  library = read ?? (await readLibrary());
  library.minzoom ??= 0;
  library.maxzoom ??= 22;
  knowPoints(library);
  knowRelations(library);
  knowScatter(library, theme);
  const empty = isEmpty();
  $("welcome").hidden = !empty;
  document.body.classList.toggle("empty", empty);
  $("choose").hidden = !library.import;
  openTimeline(library.days ?? [], (range) => moveRange(range), { byMonth: library.public }); // the panel asks for its days
  fillPanel(library);
  await holdMeasure();
  showKind();
  const first = pointsOf() ?? library.places[0];
  if (fresh && first) maps.fit(first.bbox, !empty);
  showRange(state.filter());
  showPanel(state.get());
}

/** Hold to what can be shown: what a link asks for may be no measure, or not be in this library. */
async function holdMeasure() {
  const { measure } = state.get();
  const [first] = library.measures;
  if (!first || library.measures.some(({ name }) => name === measure)) return;
  if (measure) {
    // Of tracks more can be asked than is offered, as max(heart_rate): one question instead of a screen of tiles.
    const zoom = maps.zoomOf(library);
    const status = library.activities ? await scale(measure, zoom, "").then(() => 200, (error) => error.status) : 400;
    if (status !== 400) return;
    toast(`The link asks for the measure ${measure}, which this map has not got. Here is: ${first.title}`, "bad");
  }
  state.set({ measure: first.name }, true);
}

/** After others have changed the library: show it anew, but not under the hands of an import or the player. */
async function catchUp() {
  const calm = () => !document.hidden && !importing() && !player.playing();
  if (!library || !heats.a || looking || !calm()) return;
  looking = true;
  const read = await readLibrary().catch(() => null); // a server that is gone says so when something is asked of it
  looking = false;
  if (!read || read.version === library.version || !calm()) return;
  await load(isEmpty(), read);
  draw();
  explore();
}

const moveRange = later(90, (range) => state.setFilter(datesOf(range)));

function openTools() {
  openButtons(maps.main());
  openScatter();
  $("compare").addEventListener("click", toggleCompare);
  $("theme").addEventListener("click", () => state.set({ theme: theme() === "dark" ? "light" : "dark" }));
  $("reset").addEventListener("click", state.reset);
  $("share").addEventListener("click", () => openShare(shownMeasure(state.get()), drawQuery(state.filter(), style()), library.token));
  $("picture").addEventListener("click", async () => {
    const now = state.get();
    const name = `heatlas-${now.measure.replace(/[^\w.~]+/g, "-").replace(/-$/, "")}.png`;
    save(await picture({ split: now.split, scales, theme: theme(), base: baseOf(now, library) }), name);
    toast("Picture saved");
  });
  for (const id of ["base", "base-url"]) {
    // Before the state changes: choosing is asking.
    $(id).addEventListener("change", () => {
      const wish = { ...state.get(), base: $("base").value, baseUrl: $("base-url").value.trim() };
      const base = baseOf(wish, library);
      if (base) allow(base);
    }, true);
  }
  $("who-close").addEventListener("click", closeWho);
  addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || $("share-dialog").open) return;
    if (!closeWho() && phone.matches) foldPanel(true);
  });
  maps.dividerMoves((split) => state.set({ split }));
  bright.addEventListener("change", () => !state.get().theme && (showTheme(), draw(), explore()));
}

async function main() {
  state.start();
  showTheme();
  const opening = maps.openMap(state.get().view, theme(), moved);
  player = createPlayer(frame);
  openDrop(() => Boolean(library?.import), async (added) => {
    const empty = isEmpty();
    await load(empty && added);
    draw();
    explore();
  });
  openTools();
  addEventListener("focus", catchUp);
  document.addEventListener("visibilitychange", catchUp);
  setInterval(catchUp, 15_000); // a page that is looked at follows what comes in
  try {
    await load(!state.get().view);
  } catch (error) {
    toast(error.message, "bad");
    return;
  }
  await opening;
  heats.a = heatOn(maps.main());
  heats.a.fade(state.get().opacity);
  state.watch(follow);
  maps.whenClicked((place, side) => !library.public && library.activities && !pointsOf() && askWho(place, state.get()[side]));
  showBase(state.get(), library);
  await showCompare(state.get());
  followScatter(state.get());
  draw();
  explore();
  document.body.classList.add("ready");
}

main();
