/** One map, or two that move as one with a divider between them. */

import { names } from "./api.js";
import { colorMap, servePictures, setBase } from "./web/basemap.js";
import { $, later, toast } from "./web/dom.js";
import { roomBesidePanel, sayOnce } from "./web/frame.js";
import { addScaleBar, createMap, describe, fitBox, PLAIN, placeOf, tileZoom, whenReady } from "./web/map.js";
import { showNames } from "./web/names.js";
import * as maplibre from "./web/vendor/maplibre-gl.mjs";
import { addWorldWhenSeen } from "./web/world.js";

maplibre.setWorkerCount(2);
// No more than a browser has connections for: what would wait for one is not asked for when it is cancelled.
maplibre.setMaxParallelImageRequests(6);

let told = false;
servePictures(maplibre, {
  failed(why) {
    if (!told) toast(why, "bad");
    told = true;
  },
  loaded: () => (told = false),
});

const KEYS = "arrow keys move it, plus and minus zoom, Enter asks who passed the centre";
const HOME = { zoom: 1.6, lat: 25, lng: 12 };
const maps = { a: null, b: null };
let theme = "dark";
let onClick = () => {};
let moving = false;

export const main = () => maps.a;
export const bySide = () => ({ ...maps });
export const all = () => [maps.a, maps.b].filter(Boolean);
export const whenClicked = (call) => (onClick = call);

/** Make the first map. Resolves when it can be drawn on. */
export function openMap(view, colors, moved) {
  theme = colors;
  const map = build("a", view ?? HOME);
  map.on("moveend", later(150, () => moved(placeOf(map))));
  addScaleBar(maplibre, map, "bottom-left");
  if (map.flat) sayOnce("plain", PLAIN);
  return ready(map);
}

/** The zoom of the tiles that are shown, of those that a library has. */
export const zoomOf = ({ maxzoom }) => tileZoom(maps.a, 0, maxzoom);

function build(name, view) {
  const map = createMap(maplibre, {
    container: `map-${name}`,
    theme,
    keys: KEYS,
    center: [view.lng, view.lat],
    zoom: view.zoom,
    minZoom: 0.5,
    maxZoom: 21.5,
  });
  map.on("click", (event) => performance.now() - boxed > 300 && onClick(event.lngLat, name));
  boxOn(map);
  map.getCanvas().addEventListener("keydown", (event) => event.key === "Enter" && onClick(map.getCenter(), name));
  map.on("error", () => {}); // tiles that cannot be had are told by the legend, which asks the server the same
  maps[name] = map;
  return map;
}

async function ready(map) {
  await whenReady(map);
  if (map !== maps.a) addWorldWhenSeen(map, () => theme);
  showNames(map, theme, names);
  return map;
}

/** Show the world below the first map, where it is seen: once it is known which place is shown. */
export const showWorld = () => addWorldWhenSeen(maps.a, () => theme);

/** Say what keys do on the maps; of points they ask nothing. */
export function sayKeys(points) {
  for (const map of all()) describe(map, points ? undefined : KEYS);
}

/** Whether any of a box [west, south, east, north] is in view. */
export function sees([west, south, east, north]) {
  const seen = maps.a.getBounds();
  const turns = [-360, 0, 360];
  return south <= seen.getNorth() && north >= seen.getSouth()
    && turns.some((turn) => west + turn <= seen.getEast() && east + turn >= seen.getWest());
}

/** What is in view: [west, south, east, north]. */
export function inView() {
  const seen = maps.a.getBounds();
  const west = seen.getWest();
  return [west, Math.max(seen.getSouth(), -85), Math.min(seen.getEast(), west + 360), Math.min(seen.getNorth(), 85)];
}

let onBox = null; // whoever wants boxes that are drawn on the maps
let drawing = false; // whether the next drag draws one without Shift

/** Let boxes be drawn on the maps, by a drag with Shift; null: let Shift zoom again. */
export function boxes(call) {
  onBox = call;
  if (!call) prepare(false);
  for (const map of all()) map.boxZoom[call ? "disable" : "enable"]();
}

/** Let the next drag draw a box. */
export const drawBox = () => prepare(true);

function prepare(on) {
  drawing = on;
  document.body.classList.toggle("drawing", on);
  for (const map of all()) map.dragPan[on ? "disable" : "enable"]();
}

function boxOn(map) {
  map.on("mousedown", (event) => begin(event, event.originalEvent.shiftKey || drawing, "mousemove", "mouseup"));
  map.on("touchstart", (event) => begin(event, drawing && event.points.length === 1, "touchmove", "touchend"));
  function begin(event, wanted, moves, ends) {
    if (!onBox || !wanted) return;
    event.preventDefault();
    const from = event.lngLat;
    let box = null;
    const move = ({ lngLat: to }) => {
      box = [Math.min(from.lng, to.lng), Math.min(from.lat, to.lat), Math.max(from.lng, to.lng), Math.max(from.lat, to.lat)];
      outline(box);
    };
    map.on(moves, move);
    map.once(ends, () => {
      map.off(moves, move);
      prepare(false);
      boxed = performance.now();
      if (box && box[2] > box[0] && box[3] > box[1]) onBox?.(box);
    });
  }
}

let boxed = -Infinity; // when the last box was: the click that ends it asks nothing

/** Outline a box [west, south, east, north], or (null) none. */
export function outline(box) {
  for (const map of all()) {
    if (!map.style?._loaded) continue; // a second map that is still being made
    const [w, s, e, n] = box ?? [0, 0, 0, 0];
    const data = { type: "Feature", properties: {}, geometry: { type: "LineString", coordinates: [[w, s], [e, s], [e, n], [w, n], [w, s]] } };
    if (map.getSource("box")) map.getSource("box").setData(data);
    else if (box) map.addSource("box", { type: "geojson", data });
    if (!map.getSource("box")) continue;
    if (map.getLayer("above-box")) map.removeLayer("above-box");
    if (!box) continue;
    map.addLayer({
      id: "above-box", type: "line", source: "box",
      paint: { "line-color": theme === "dark" ? "#fff" : "#1b1d21", "line-width": 1.8, "line-dasharray": [3, 2] },
    });
  }
}

/** Go to a box [west, south, east, north]. */
export function fit([west, south, east, north], animate = true) {
  const slack = (north - south) * 0.06;
  const box = [west, Math.max(south - slack, -85), east, Math.min(north + slack, 85)];
  const padding = roomBesidePanel({ left: 24, right: 84, top: 40, bottom: 150 }, { left: 24, right: 24, top: 100, bottom: 190 });
  fitBox(maps.a, box, { padding, maxZoom: 16, animate });
}

/** Open or close the second map. Resolves to it when it can be drawn on. */
export async function compare(on) {
  for (const id of ["map-b", "divider", "tag-a", "tag-b"]) $(id).hidden = !on;
  if (!on) {
    maps.b?.remove();
    maps.b = null;
    $("map-a").style.clipPath = "";
    return null;
  }
  if (maps.b) return maps.b;
  const map = build("b", placeOf(maps.a));
  for (const [one, other] of [[maps.a, map], [map, maps.a]]) {
    one.on("move", () => {
      if (moving || !all().includes(other)) return;
      moving = true;
      other.jumpTo({ center: one.getCenter(), zoom: one.getZoom() });
      moving = false;
    });
  }
  return ready(map);
}

/** Put the divider at a share of the width. */
export function divide(share) {
  const x = `${(share * 100).toFixed(2)}%`;
  $("map-b").style.clipPath = `inset(0 0 0 ${x})`;
  $("map-a").style.clipPath = `inset(0 calc(100% - ${x}) 0 0)`;
  $("divider").style.left = x;
  $("divider").setAttribute("aria-valuenow", Math.round(share * 100));
  $("tag-a").style.right = `calc(100% - ${x} + 14px)`;
  $("tag-b").style.left = `calc(${x} + 14px)`;
}

/** Let the divider be dragged, or moved with arrow keys. */
export function dividerMoves(moved) {
  const bar = $("divider");
  bar.addEventListener("pointerdown", (event) => {
    bar.setPointerCapture(event.pointerId);
    const drag = (move) => moved(Math.min(0.98, Math.max(0.02, move.clientX / innerWidth)));
    bar.addEventListener("pointermove", drag);
    bar.addEventListener("pointerup", () => bar.removeEventListener("pointermove", drag), { once: true });
  });
  bar.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -0.02, ArrowRight: 0.02, PageDown: -0.1, PageUp: 0.1 }[event.key];
    if (!step) return;
    event.preventDefault();
    moved(Math.min(0.98, Math.max(0.02, Number(bar.getAttribute("aria-valuenow")) / 100 + step)));
  });
}

/** Draw somebody's tiles above Natural Earth, or (null) none. */
export function showTiles(base) {
  for (const map of all()) setBase(map, base, theme);
}

/** Colour all maps for a theme. */
export function setTheme(name) {
  theme = name;
  for (const map of all()) colorMap(map, name);
}

/** Mark a place with a ring, or (null) none. */
export function mark(place, metres = 0) {
  for (const map of all()) {
    if (map.getLayer("mark")) map.removeLayer("mark");
    if (map.getSource("mark")) map.removeSource("mark");
    if (!place) continue;
    map.addSource("mark", {
      type: "geojson",
      data: { type: "Feature", properties: {}, geometry: { type: "Point", coordinates: [place.lng, place.lat] } },
    });
    const pixels = Math.max(6, metres / metresPerPixel(place.lat));
    map.addLayer({
      id: "mark",
      type: "circle",
      source: "mark",
      paint: {
        "circle-radius": pixels, "circle-color": "#fff", "circle-opacity": 0.12,
        "circle-stroke-width": 2, "circle-stroke-color": theme === "dark" ? "#fff" : "#1b1d21",
      },
    });
  }
}

/** Ground metres of one pixel of the screen. */
export const metresPerPixel = (lat) =>
  (40075016.686 * Math.cos((lat * Math.PI) / 180)) / (512 * 2 ** maps.a.getZoom());
