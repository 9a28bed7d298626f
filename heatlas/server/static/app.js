/** The live map: reads the library, and lets state, maps and panels follow one another. */

import { library as readLibrary, scale } from "./api.js";
import { allow, baseOf, chose, showBase } from "./base.js";
import { showCompare, tagOf, toggleCompare } from "./comparing.js";
import { lose, mayPass, openConnection, persist, stand } from "./connection.js";
import { draw, drawFrom, fade, heal, heatOn, isDrawn, isEmpty, moved, player, shownQuery, shownScales, tellView } from "./drawing.js";
import { importing, openDrop } from "./drop.js";
import { drawExplorer } from "./explorer.js";
import { pointsHere } from "./in_view.js";
import { close as closeList, followList, knowList } from "./list.js";
import * as maps from "./maps.js";
import { fillPanel, fillPlaces, showPanel } from "./panel.js";
import { picture, save } from "./picture.js";
import { daysOf, knowPoints, pointsOf } from "./points.js";
import { endPresenting } from "./present.js";
import { knowRelations } from "./relations.js";
import { followScatter, knowScatter, openScatter, shownMeasure } from "./scatter.js";
import { openShare } from "./share.js";
import { knowActivities } from "./single.js";
import * as state from "./state.js";
import { datesOf, openTimeline, showRange } from "./timeline.js";
import { $, bright, later, phone, toast } from "./web/dom.js";
import { foldPanel, openButtons, paintPage } from "./web/frame.js";
import { placeOf } from "./web/map.js";
import { askWho, closeWho } from "./who.js";

const { theme } = state;
let library = null;
let looking = false; // whether the library has changed

/** Draw explorer tiles, or take them away. */
const explore = () => drawExplorer(maps.bySide(), theme(), library.version);

function showTheme() {
  paintPage(theme());
  maps.setTheme(theme());
}

/** Let everything follow a change of the state. */
async function follow(now, old) {
  const differs = (...keys) => keys.some((key) => now[key] !== old[key]);
  if (differs("view") && now.view && old.view && far(now.view)) maps.main().jumpTo({ center: now.view, zoom: now.view.zoom });
  if (differs("theme")) showTheme();
  if (differs("b", "a")) await showCompare(now, library);
  if (now.b && differs("split")) maps.divide(now.split);
  if (differs("base", "baseUrl", "baseCredit")) showBase(now, library);
  if (differs("opacity")) fade(now.opacity);
  if (differs("a", "b", "side")) showRange(state.filter());
  if (differs("side")) tellView();
  if (differs("measure")) showKind(old.measure);
  const restyled = differs("measure", "a", "b", "colormap", "tone", "classes", "smooth", "radius", "kernel", "density", "theme");
  if (restyled || shownMeasure(now) !== shownMeasure(old)) draw();
  if (differs("scatter", "brush", "box", "measure", "a", "b", "side", "view", "theme")) followScatter(now, old);
  if (differs("measure", "a", "b", "side", "explorer", "theme")) explore();
  if (differs("a", "b", "measure")) closeWho();
  followList(now, old);
  if (Object.keys(now).some((key) => key !== "view" && now[key] !== old[key])) showPanel(now);
}

/** Show what goes with tracks, or with points: these have no filter but their time, if it is known, and nobody who passed. */
function showKind(before) {
  const points = pointsOf();
  const days = points ? daysOf(points) : library.days ?? [];
  openTimeline(days, (range) => moveRange(range), { byMonth: library.public, of: points ? "point" : "activity" });
  $("compare").hidden = Boolean(points) && days.length < 2;
  $("present-open").hidden = Boolean(points) || library.public || days.length < 2;
  document.body.classList.toggle("points", Boolean(points));
  maps.sayKeys(points);
  fillPlaces(points ?? library, jump);
  if (points && days.length < 2 && state.get().b) state.set({ b: null, side: "a" });
  showRange(state.filter());
  if (points && points !== pointsOf(before) && before !== undefined) seek(points);
}

/** Go to points, unless some are in view. */
async function seek(points) {
  if (maps.sees(points.bbox) && (library.public || (await pointsHere()) !== 0)) return;
  if (pointsOf() === points) maps.fit((points.places[0] ?? points).bbox);
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

/** Show a library, as it is read or was; `fresh` goes to where it is busiest, and flies there, if it is told to. */
async function load(fresh, read, fly = true) {
  library = read;
  library.minzoom ??= 0;
  library.maxzoom ??= 22;
  drawFrom(library);
  knowPoints(library);
  knowRelations(library);
  knowScatter(library, theme);
  knowActivities(library);
  const empty = isEmpty();
  $("welcome").hidden = !empty;
  document.body.classList.toggle("empty", empty);
  $("choose").hidden = !library.import;
  $("makes").textContent = library.makes ? ` They make a library: ${library.makes}.` : "";
  openTimeline(library.days ?? [], (range) => moveRange(range), { byMonth: library.public }); // the panel asks for its days
  fillPanel(library);
  await holdMeasure();
  showKind();
  const first = pointsOf() ?? library.places[0];
  if (fresh && first) maps.fit(first.bbox, fly && !empty);
  showRange(state.filter());
  showPanel(state.get());
  knowList(library);
}

/** Hold to what can be shown: what a link asks for may be no measure, or not be in this library. */
async function holdMeasure() {
  const { measure } = state.get();
  const [first] = library.measures;
  if (!first || library.measures.some(({ name }) => name === measure)) return;
  if (measure) {
    // Of tracks more can be asked than is offered, as max(heart_rate): one question instead of a screen of tiles.
    const zoom = maps.zoomOf(library);
    const asked = () => scale(measure, zoom, "");
    const status = library.activities ? await persist(asked).then(() => 200, (error) => error.status) : 400;
    if (status !== 400) return;
    toast(`The link asks for the measure ${measure}, which this map has not got. Here is: ${first.title}`, "bad");
  }
  state.set({ measure: first.name }, true);
}

/** After others have changed the library: show it anew, but not under the hands of an import or the player. */
async function catchUp() {
  if (!library || !isDrawn() || looking || !isCalm()) return;
  looking = true;
  try {
    await take(await readLibrary());
  } catch (error) {
    if (mayPass(error)) lose(error);
  } finally {
    looking = false;
  }
}

const isCalm = () => !document.hidden && !importing() && !player.playing();

/** Show the library as it was read now, if it is another than that which is shown. */
async function take(read) {
  if (read.version === library.version || !isCalm()) return;
  await load(isEmpty(), read);
  draw();
  explore();
}

/** The server is back: what failed is asked for again. */
function whenBack(read) {
  if (!library || !isDrawn()) return;
  take(read);
  heal();
  followScatter(state.get());
  explore();
}

const moveRange = later(90, (range) => state.setFilter(datesOf(range)));

function openTools() {
  openButtons(maps.main());
  openScatter();
  $("compare").addEventListener("click", toggleCompare);
  $("theme").addEventListener("click", () => state.set({ theme: theme() === "dark" ? "light" : "dark" }));
  $("reset").addEventListener("click", state.reset);
  $("share").addEventListener("click", () => openShare({
    measure: shownMeasure(state.get()), query: shownQuery(), title: [placeHere(), tagOf(state.filter(), true)].filter(Boolean).join(", "), theme: theme(), library,
  }));
  $("picture").addEventListener("click", async () => {
    const now = state.get();
    const name = `heatlas-${now.measure.replace(/[^\w.~]+/g, "-").replace(/-$/, "")}.png`;
    save(await picture({ split: now.split, scales: shownScales(), theme: theme(), base: baseOf(now, library) }), name);
    toast("Picture saved");
  });
  for (const id of ["base", "base-url"]) {
    // Before the state changes: choosing is asking.
    $(id).addEventListener("change", () => {
      const wish = { ...state.get(), base: $("base").value, baseUrl: $("base-url").value.trim() };
      const base = baseOf(wish, library);
      if (base) allow(base);
      if (id === "base") chose(wish.base);
    }, true);
  }
  $("who-close").addEventListener("click", closeWho);
  addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || $("share-dialog").open) return;
    if (!endPresenting() && !closeWho() && !closeList() && phone.matches) foldPanel(true);
  });
  maps.dividerMoves((split) => state.set({ split }));
  bright.addEventListener("change", () => !state.get().theme && (showTheme(), draw(), explore()));
}

/** The name of the place in whose box the middle of the map lies, or "". */
function placeHere() {
  const { lng, lat } = maps.main().getCenter();
  const found = library.places.find(({ bbox: [west, south, east, north] }) => (
    lat >= south && lat <= north && (lng - west + 720) % 360 <= east - west));
  return found?.name ?? "";
}

async function main() {
  state.start();
  showTheme();
  openConnection(readLibrary, whenBack);
  const opening = maps.openMap(state.get().view, theme(), moved);
  openDrop(() => Boolean(library?.import), async (added, sets) => {
    const empty = isEmpty();
    await load(empty && Boolean(added || sets.length), await persist(readLibrary));
    const shown = library.measures.find(({ points }) => points && points === sets.at(-1)?.name);
    if (shown) state.set({ measure: shown.name }); // what was added is what one wants to see
    draw();
    explore();
  });
  openTools();
  addEventListener("focus", catchUp);
  document.addEventListener("visibilitychange", catchUp);
  setInterval(catchUp, 15_000); // a page that is looked at follows what comes in
  try {
    // Not in flight: that would load the world and tiles on the way, before one sees any heat.
    await load(!state.get().view, await persist(readLibrary), false);
  } catch (error) {
    stand(error.message);
    opening.then(maps.showWorld);
    return;
  }
  await opening;
  maps.showWorld();
  heatOn("a", maps.main());
  state.watch(follow);
  maps.whenClicked((place, side) => !library.public && library.activities && !pointsOf() && askWho(place, state.get()[side]));
  showBase(state.get(), library);
  await showCompare(state.get(), library);
  followScatter(state.get());
  draw();
  explore();
  document.body.classList.add("ready");
}

main();
