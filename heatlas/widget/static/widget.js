/** A live map in a notebook. All that it shows is asked of the kernel, by messages; nothing comes from elsewhere. */

import { fillControls, ofPoints } from "./controls.js";
import { connect, createTiles } from "./kernel.js";
import { counted, make } from "./web/dom.js";
import { explorerText, showExplorer } from "./web/explorer.js";
import { createHeat } from "./web/heat.js";
import { addScaleBar, addZooms, createMap, PLAIN, tileZoom } from "./web/map.js";
import { colorNames, showNames } from "./web/names.js";
import { drawn, hasTicks, leftOut, paintBar, tickElements, titleOf } from "./web/scale.js";
import { addWorld, colorWorld, decode } from "./web/world.js";

const SHARED = Symbol.for("heatlas.widget");
const WISHES = [
  "measure", "where", "sport", "after", "before", "colormap", "tone", "smooth", "radius", "kernel", "density", "theme",
];
/** Pixels of the legend's bar, and of a letter below it. */
const ROOM = { width: 264, letter: 6.6, gap: 6.6 };
/** Activities that are named where was clicked. */
const NAMED = 8;

const widget = { render };
export { widget as default };

async function render({ model, el }) {
  const kernel = connect(model);
  const page = layOut(el, model);
  const ends = [() => kernel.close()];
  let gone = false;
  try {
    const [shared, about] = await Promise.all([sharedParts(kernel), kernel.ask({ kind: "about" })]);
    if (!gone) ends.push(show(model, kernel, page, shared, about.data));
  } catch (error) {
    page.say(error.message);
  }
  return () => {
    gone = true;
    for (const end of ends.reverse()) end();
  };
}

/** MapLibre and the world: loaded once for all maps of a page. */
function sharedParts(kernel) {
  globalThis[SHARED] ??= load(kernel).catch((error) => {
    delete globalThis[SHARED];
    throw error;
  });
  return globalThis[SHARED];
}

async function load(kernel) {
  const { data, buffers } = await kernel.ask({ kind: "parts" });
  const part = Object.fromEntries(data.names.map((name, i) => [name, buffers[i]]));
  const script = (name) => URL.createObjectURL(new Blob([part[name]], { type: "text/javascript" }));
  const text = (name) => new TextDecoder().decode(part[name]);
  const maplibre = await import(script("maplibre"));
  maplibre.setWorkerUrl(script("worker"));
  maplibre.setWorkerCount(1);
  const drawers = new Map();
  maplibre.addProtocol("heatlas", ({ url }, aborter) => {
    const [, name, stamp, z, x, y] = url.match(/^heatlas:\/\/(\d+)\/(\d+)\/(\d+)\/(\d+)\/(\d+)$/);
    return drawers.get(name)(Number(stamp), Number(z), Number(x), Number(y), aborter.signal);
  });
  let decoded;
  const world = () => (decoded ??= decode(JSON.parse(text("world"))));
  return { maplibre, world, style: text("style"), drawers, maps: 0 };
}

/** Everything but the map itself. */
function layOut(el, model) {
  const frame = make("div", { className: "heatlas" });
  const chart = make("div", { className: "heatlas-map" });
  const note = make("div", { className: "heatlas-note", hidden: true });
  const legend = make("div", { className: "heatlas-legend", hidden: true });
  const controls = make("div", { className: "heatlas-controls", hidden: true });
  const explored = make("div", { className: "heatlas-explored", hidden: true });
  explored.setAttribute("role", "status");
  const plain = make("div", { className: "heatlas-plain", hidden: true }, PLAIN);
  const credit = make("div", { className: "heatlas-credit" }, "GeoNames, Natural Earth");
  frame.append(chart, controls, legend, explored, note, plain, credit);
  el.replaceChildren(frame);
  const resize = () => (frame.style.height = `${model.get("height")}px`);
  resize();
  return {
    frame, chart, legend, controls, explored, plain, resize,
    say(words) {
      note.textContent = words;
      note.hidden = !words;
    },
  };
}

/** Put the map into the page, and keep it and the traits alike. Returns what takes it away again. */
function show(model, kernel, page, shared, about) {
  const { maplibre, world, drawers } = shared;
  const name = String(++shared.maps); // a notebook loads this module once for each map
  page.frame.prepend(make("style", { textContent: shared.style }));
  const map = createMap(maplibre, {
    container: page.chart,
    theme: model.get("theme"),
    ...place(model),
    minZoom: 0,
    maxZoom: 21.5,
  });
  addZooms(maplibre, map);
  addScaleBar(maplibre, map, "bottom-left");
  page.plain.hidden = !map.flat;
  map.on("error", () => {}); // what cannot be drawn is told by the legend
  const heat = createHeat(map, { minzoom: about.minzoom, maxzoom: about.maxzoom });
  heat.fade(model.get("opacity"));
  const tiles = createTiles(kernel);
  drawers.set(name, tiles.draw);
  const legend = createLegend(page, kernel, model, map);
  const explore = createExplorer(page, kernel, model, map, about);
  let loaded = false;
  const refresh = () => {
    if (!loaded) return;
    colorWorld(map, model.get("theme"));
    colorNames(map, model.get("theme"));
    heat.show(`heatlas://${name}/${tiles.stamp(wishOf(model))}/{z}/{x}/{y}`);
    legend();
    explore();
  };
  const watched = watch(model, fillControls(page, model, about), {
    [[...WISHES, "_stamp"].map((trait) => `change:${trait}`).join(" ")]: refresh,
    "change:opacity": () => heat.fade(model.get("opacity")),
    "change:height": () => (page.resize(), map.resize()),
    "change:legend": legend,
    "change:explorer": () => loaded && explore(),
    "change:center change:zoom": () => page.telling || follow(model, map),
  });
  map.on("load", () => {
    loaded = true;
    refresh();
    told(page, model, map);
    addWorld(map, world(), model.get("theme"));
    showNames(map, model.get("theme"), async (z, x, y) => (await kernel.ask({ kind: "names", z, x, y })).data.names);
  });
  map.on("moveend", () => told(page, model, map));
  map.on("zoomend", legend);
  map.on("click", ({ lngLat }) => ofPoints(model, about) || tell(kernel, model, map, maplibre, lngLat));
  const sized = new ResizeObserver(() => map.resize());
  sized.observe(page.frame);
  return () => {
    watched();
    sized.disconnect();
    drawers.delete(name);
    map.remove();
  };
}

/** Listen to a model: each of `listeners` has functions by the events that they hear. Returns what stops it. */
function watch(model, ...listeners) {
  const pairs = listeners.flatMap(Object.entries).flatMap(([events, hear]) => events.split(" ").map((event) => [event, hear]));
  for (const [event, hear] of pairs) model.on(event, hear);
  return () => pairs.forEach(([event, hear]) => model.off(event, hear));
}

/** Where a map begins; MapLibre's zoom is that of tiles of 512 px. */
function place(model) {
  const center = model.get("center");
  const zoom = model.get("zoom");
  const [west, south, east, north] = model.get("bbox");
  if (!center) return { bounds: [[west, south], [east, north]], fitBoundsOptions: { padding: 12, maxZoom: 16 } };
  return { center: [center[1], center[0]], zoom: zoom === null ? 11 : zoom - 1 };
}

/** Tell the model what is seen. */
function told(page, model, map) {
  const { lat, lng } = map.getCenter();
  const bounds = map.getBounds();
  page.telling = true; // each change is heard at once, when the others are not there yet
  model.set("center", [lat, lng]);
  model.set("zoom", map.getZoom() + 1);
  model.set("bbox", [bounds.getWest(), bounds.getSouth(), bounds.getEast(), bounds.getNorth()]);
  page.telling = false;
  model.save_changes();
}

/** Go where the model says, unless the map is there. */
function follow(model, map) {
  const center = model.get("center");
  const zoom = model.get("zoom");
  if (!center) return;
  const here = map.getCenter();
  const near = Math.abs(here.lat - center[0]) < 1e-6 && Math.abs(here.lng - center[1]) < 1e-6;
  if (near && (zoom === null || Math.abs(map.getZoom() + 1 - zoom) < 1e-3)) return;
  map.easeTo({ center: [center[1], center[0]], ...(zoom === null ? {} : { zoom: zoom - 1 }), duration: 500 });
}

const wishOf = (model) => Object.fromEntries(WISHES.map((trait) => [trait, model.get(trait)]));

/** The bar with numbers. Returns what brings it up to date. */
function createLegend(page, kernel, model, map) {
  let last = 0;
  return async () => {
    const mine = ++last;
    page.legend.hidden = !model.get("legend");
    try {
      const { data } = await kernel.ask({ kind: "scale", z: tileZoom(map), wish: wishOf(model) });
      if (mine !== last) return;
      page.say("");
      page.legend.replaceChildren(...legendOf(data));
    } catch (error) {
      if (mine === last && error.message !== "closed") page.say(error.message);
    }
  };
}

/** Explorer tiles and their numbers. Returns what brings them up to date. */
function createExplorer(page, kernel, model, map, about) {
  let last = 0;
  const say = (words) => {
    page.explored.textContent = words;
    page.explored.hidden = !words;
  };
  return async () => {
    const mine = ++last;
    const zoom = model.get("explorer");
    const show = (data) => showExplorer(map, data, model.get("theme"));
    if (zoom === null || ofPoints(model, about)) return show(null), say("");
    try {
      const { data } = await kernel.ask({ kind: "explorer", zoom, wish: wishOf(model) });
      if (mine !== last) return;
      show(data);
      say(explorerText(data));
    } catch (error) {
      if (mine !== last || error.message === "closed") return;
      show(null);
      say(error.message);
    }
  };
}

function legendOf(scale) {
  const points = scale.points !== undefined;
  const count = points ? counted(scale.points, "point") : counted(scale.activities, "activity");
  const head = make("div", { className: "heatlas-title" }, make("b", {}, titleOf(scale)), make("span", {}, count));
  const notes = leftOut([["", scale]]).map((words) => make("div", { className: "heatlas-note-line" }, words));
  if (!drawn(scale)) {
    const why = points ? "There is no point." : scale.activities ? "Too little is known to show this." : "No activity matches.";
    return [head, make("div", {}, why), ...notes];
  }
  const bar = make("div", { className: "heatlas-bar", role: "img" });
  paintBar(bar, scale);
  const ticks = !hasTicks(scale) ? "" : make("div", { className: "heatlas-ticks" }, ...tickElements(scale, ROOM));
  return [head, bar, ticks, scale.note ? make("div", { className: "heatlas-note-line" }, scale.note) : "", ...notes];
}

/** Say who passed where was clicked. */
async function tell(kernel, model, map, maplibre, { lat, lng }) {
  const lon = ((((lng + 180) % 360) + 360) % 360) - 180; // the map may have been moved around the world
  const { data } = await kernel.ask({ kind: "who", lat, lon, zoom: map.getZoom() + 1, wish: wishOf(model) });
  const rows = data.found.slice(0, NAMED).map((one) =>
    make("div", {}, make("b", {}, one.name || one.sport), ` ${one.start ? one.start.slice(0, 10) : ""}`));
  if (data.found.length > NAMED) rows.push(make("div", {}, `and ${data.found.length - NAMED} more`));
  if (!rows.length) rows.push(make("div", {}, "Nobody passed here."));
  const words = make("div", {}, ...rows);
  if (map.flat) bubble(map, { lat, lng }, words);
  else new maplibre.Popup({ maxWidth: "260px" }).setLngLat([lng, lat]).setDOMContent(words).addTo(map);
}

/** What MapLibre's popup does, on a map without it: words at a place until the map moves or somewhere is clicked. */
function bubble(map, place, words) {
  map.getContainer().querySelector(".heatlas-bubble")?.remove();
  const { x, y } = map.project(place);
  const box = make("div", { className: "heatlas-bubble" }, words);
  Object.assign(box.style, { left: `${x}px`, top: `${y}px` });
  map.getContainer().append(box);
  map.once("move", () => box.remove());
}
