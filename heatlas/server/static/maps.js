/** One map, or two that move as one with a divider between them. */

import { $, later, still, toast } from "./web/dom.js";
import { addProtocol, Map as Chart, ScaleControl, setWorkerCount } from "./web/vendor/maplibre-gl.mjs";
import { addWorld, colorWorld, ground, rasterPaint, world } from "./web/world.js";

setWorkerCount(2);

let told = false;

/** Somebody's tiles are loaded as plain pictures, which is all that this page may fetch from elsewhere. */
addProtocol("picture", async ({ url }) => {
  const image = new Image();
  image.crossOrigin = "anonymous";
  image.referrerPolicy = "strict-origin-when-cross-origin"; // OpenStreetMap asks to be told the site, and no more
  image.src = url.slice("picture://".length);
  await image.decode().catch(() => {
    if (!told) toast("The tiles of this base map cannot be had", "bad");
    told = true;
    throw new Error("no picture");
  });
  told = false;
  return { data: await createImageBitmap(image) };
});

const KEYS = "arrow keys move it, plus and minus zoom, Enter asks who passed the centre";
const HOME = { zoom: 1.6, lat: 25, lng: 12 };
const maps = { a: null, b: null };
const bases = new WeakMap();
let theme = "dark";
let onClick = () => {};
let moving = false;

export const main = () => maps.a;
export const all = () => [maps.a, maps.b].filter(Boolean);
export const side = (name) => maps[name];
export const whenClicked = (call) => (onClick = call);

/** Make the first map. Resolves when it can be drawn on. */
export function openMap(view, colors, moved) {
  theme = colors;
  const map = build("a", view ?? HOME);
  map.on("moveend", later(150, () => moved(placeOf(map))));
  map.addControl(new ScaleControl({ maxWidth: 90, unit: "metric" }), "bottom-left");
  return ready(map);
}

export const placeOf = (map) => ({ zoom: map.getZoom(), lat: map.getCenter().lat, lng: map.getCenter().lng });

/** The zoom of 256 px tiles that a map shows. */
export const tileZoom = () => Math.max(0, Math.round(maps.a.getZoom() + 1));

function build(name, view) {
  const map = new Chart({
    container: `map-${name}`,
    style: ground(theme),
    center: [view.lng, view.lat],
    zoom: view.zoom,
    minZoom: 0.5,
    maxZoom: 21.5,
    maxPitch: 0,
    dragRotate: false,
    pitchWithRotate: false,
    touchPitch: false,
    attributionControl: false,
    fadeDuration: 0,
    // A dense screen is served at most twice the pixels: tiles come in these two sizes.
    pixelRatio: Math.min(devicePixelRatio, 2),
  });
  map.touchZoomRotate.disableRotation();
  map.keyboard.disableRotation();
  map.getCanvas().setAttribute("aria-label", `Heat map: ${KEYS}`);
  map.on("click", (event) => onClick(event.lngLat, name));
  map.getCanvas().addEventListener("keydown", (event) => event.key === "Enter" && onClick(map.getCenter(), name));
  map.on("error", () => {}); // tiles that cannot be had are told by the legend, which asks the server the same
  maps[name] = map;
  return map;
}

const ready = (map) =>
  new Promise((resolve) => {
    const done = async () => {
      resolve(map);
      const read = await world();
      // The map may be gone when the world has been read.
      if (!all().includes(map)) return;
      addWorld(map, read, theme, map.getStyle().layers[1]?.id);
    };
    if (map.isStyleLoaded()) done();
    else map.once("load", done);
  });

/** Say what keys do on the maps. */
export function describe(keys = KEYS) {
  for (const map of all()) map.getCanvas().setAttribute("aria-label", `Heat map: ${keys}`);
}

/** Whether any of a box [west, south, east, north] is in view. */
export function sees([west, south, east, north]) {
  const seen = maps.a.getBounds();
  const turns = [-360, 0, 360];
  return south <= seen.getNorth() && north >= seen.getSouth()
    && turns.some((turn) => west + turn <= seen.getEast() && east + turn >= seen.getWest());
}

/** Go to a box [west, south, east, north]. */
export function fit(box, animate = true) {
  const [west, south, east, north] = box;
  const slack = (north - south) * 0.06;
  maps.a.fitBounds([[west, Math.max(south - slack, -85)], [east, Math.min(north + slack, 85)]], {
    padding: room(),
    maxZoom: 16,
    duration: !animate || still.matches ? 0 : 1400,
  });
}

/** What panels cover, so that what is sought lies beside them. */
function room() {
  const wide = innerWidth > 720;
  const panel = wide && !$("panel").classList.contains("folded") ? $("panel").offsetWidth + 24 : 0;
  return wide
    ? { left: panel + 24, right: 84, top: 40, bottom: 150 }
    : { left: 24, right: 24, top: 100, bottom: 190 };
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
export function setBase(map, base) {
  const said = base?.url ?? "";
  if (bases.get(map) !== said) {
    if (map.getLayer("base")) map.removeLayer("base");
    if (map.getSource("base")) map.removeSource("base");
    if (base) {
      map.addSource("base", { type: "raster", tiles: [`picture://${base.url}`], tileSize: 256, maxzoom: 19 });
      const heat = map.getStyle().layers.find((layer) => layer.id.startsWith("heat-") || layer.id === "mark");
      map.addLayer({ id: "base", type: "raster", source: "base", paint: rasterPaint(theme) }, heat?.id);
    }
    bases.set(map, said);
  }
}

/** Colour all maps for a theme. */
export function setTheme(name) {
  theme = name;
  for (const map of all()) {
    colorWorld(map, name);
    if (!map.getLayer("base")) continue;
    for (const [property, value] of Object.entries(rasterPaint(name))) map.setPaintProperty("base", property, value);
  }
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
