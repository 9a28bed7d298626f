/** Heat and legend of what the state asks for: they change together, and what is superseded is cancelled. */

import { drawQuery, scale, tiles } from "./api.js";
import { persist } from "./connection.js";
import { askView, daysInView, keepFocus, knowView, spanInView, told } from "./in_view.js";
import * as maps from "./maps.js";
import { createPlayer } from "./player.js";
import { brushTitle, shownMeasure } from "./scatter.js";
import * as state from "./state.js";
import { datesOf, showDays, showHead } from "./timeline.js";
import { classesOf, commonTone, styleOf, toneOf } from "./tones.js";
import { $, counted, later } from "./web/dom.js";
import { createHeat } from "./web/heat.js";
import { showLegend } from "./web/legend.js";

const heats = { a: null, b: null };
const worn = { a: 0, b: 0 }; // tiles of a map that could not be had
const old = { a: false, b: false }; // whether a map shows what was asked for before
let library = null;
let scales = [];
let shared = null; // the tone of both maps while two are compared
let locked = null; // the tone while the map fills up
let played = null; // side -> first and last day that are played
let scaled = -1; // the zoom of the scales
let latest = null; // the scales that were asked for last
let legendOf = null; // those that the legend tells of
let asking = new AbortController();

export const player = createPlayer(frame);
/** The scales of what one sees: [[side, answer], ...]. */
export const shownScales = () => scales;
export const isEmpty = () => !library.activities && !library.point_sets.length;
const { sides } = state;
const style = (now = state.get()) => styleOf(library?.measures ?? [], now);

/** The query of what one sees, with its style. */
export const shownQuery = () => drawQuery(state.filter(), style());

/** Draw from this library. */
export function drawFrom(read) {
  library = read;
  knowView(library, tellView);
}

/** Draw heat on the map of a side; null: that map is gone. */
export function heatOn(side, map) {
  if (heats[side]?.map === map) return;
  heats[side] = map && Object.assign(createHeat(map, {
    minzoom: library.minzoom,
    maxzoom: library.maxzoom,
    busy: () => ($("busy").hidden = !Object.values(heats).some((heat) => heat?.waiting())),
    stale: (on) => {
      old[side] = on;
      document.body.classList.toggle("stale", old.a || old.b);
      $("legend").ariaBusy = String(old.a || old.b);
    },
    missing: (n) => {
      worn[side] = n;
      const all = worn.a + worn.b;
      $("missing").hidden = !all;
      $("missing").textContent = all ? `${counted(all, "tile")} missing: trying again…` : "";
    },
  }), { map });
  heats[side]?.fade(state.get().opacity);
}

export const isDrawn = () => Boolean(heats.a);
export const fade = (opacity) => sides().forEach((side) => heats[side]?.fade(opacity));

function show(side, filter, look, options) {
  const query = drawQuery(filter, look);
  return heats[side]?.show(tiles(shownMeasure(state.get()), query, library.version), options);
}

/** Draw the heat and its legend; two maps share one scale, so that their colours can be compared. */
export async function draw() {
  if (isEmpty()) return;
  player.rest();
  showHead(null);
  played = null;
  askView();
  const now = state.get();
  const reading = readScales(now);
  if (now.b) {
    for (const side of sides()) heats[side]?.outdated();
    const read = await reading;
    if (!read || reading !== latest) return;
    const look = { ...style(now), tone: read.shared ?? toneOf(now) };
    await together(reading, sides().map((side) => show(side, now[side], look)));
  } else await together(reading, [show("a", now.a, style(now), { gate: reading })]);
}

/** Show the legend once its heat is seen. */
async function together(reading, seen) {
  const [read] = await Promise.all([reading, ...seen]);
  if (!read || reading !== latest) return;
  legendOf = reading;
  ({ found: scales, shared, zoom: scaled } = read);
  locked = null;
  writeLegend();
  for (const call of awaiting.splice(0)) call();
}

const awaiting = [];

/** Resolves when heat and legend of what is asked for next are seen. */
export const nextDrawn = () => new Promise((resolve) => awaiting.push(resolve));

const writeLegend = () =>
  keepFocus(() => showLegend(scales, Boolean(shared), { shown: classesOf(state.get()), pick }, told(scales)));

/** Let legend and timeline follow what is in view; not before the heat that was asked for is seen. */
export function tellView() {
  if (scales.length && legendOf === latest) writeLegend();
  showDays(daysInView(state.get().side));
}

/** Ask for the scale of each side; resolves to null when something newer is asked. */
function readScales(now) {
  asking.abort();
  asking = new AbortController();
  latest = scalesOf(now, asking.signal).catch((error) => {
    if (error.name === "AbortError") return null;
    throw error;
  });
  return latest;
}

async function scalesOf(now, signal) {
  const zoom = maps.zoomOf(library);
  const ask = async (side, look) => {
    try {
      return [side, await persist(() => scale(shownMeasure(now), zoom, drawQuery(now[side], look), signal), signal)];
    } catch (error) {
      if (error.name === "AbortError") throw error;
      return [side, { error: error.message }];
    }
  };
  const all = sides(now);
  let found = await Promise.all(all.map((side) => ask(side, style(now))));
  const tone = now.b ? commonTone(now, found) : null;
  if (tone) found = await Promise.all(all.map((side) => ask(side, { ...style(now), tone })));
  const title = brushTitle(now);
  if (title) found = found.map(([side, one]) => [side, one.error ? one : { ...one, title }]);
  return { found, shared: tone, zoom };
}

/** Show a class of two metrics, or no more; without any, all are shown. */
function pick(number) {
  const shown = classesOf(state.get());
  if (!shown.delete(number)) shown.add(number);
  state.set({ classes: shown.size === 9 ? "" : [...shown].sort().join() });
}

const refreshLegend = later(60, () => {
  if (library && !isEmpty()) together(readScales(state.get()), sides().map((side) => heats[side]?.settled()));
});

/** After the map has moved: scales belong to a zoom. */
export async function moved(view) {
  state.set({ view });
  if (!library || isEmpty()) return;
  askView();
  if (state.get().fit) writeLegend(); // it says whether colours fit this view
  if (maps.zoomOf(library) === scaled) return;
  if (state.get().b && !player.playing()) await draw();
  else refreshLegend();
}

/** The map as it was when a share of its time had passed; with the scale of the whole, so that it fills up. */
async function frame(share) {
  const now = state.get();
  if (share === null) {
    locked = played = null;
    showHead(null);
    await Promise.all(sides().map((side) => show(side, now[side], { ...style(now), tone: shared ?? toneOf(now) })));
    return;
  }
  locked ??= commonTone(now, scales) ?? toneOf(now);
  played ??= Object.fromEntries(sides().map((side) => [side, spanInView(side)]));
  const looks = sides().map((side) => {
    const [from, to] = played[side];
    const day = Math.round(from + share * (to - from));
    if (side === "a") showHead(day);
    return show(side, { ...now[side], before: datesOf([from, day]).before }, { ...style(now), tone: locked }, { abrupt: true });
  });
  await Promise.all(looks);
}

/** The server answers again: ask for tiles that failed, and for what is in view. */
export function heal() {
  for (const side of sides()) heats[side]?.retry();
  if (!isEmpty()) askView();
}
