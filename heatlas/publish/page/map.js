/** The map: Natural Earth below, heat above it, and between them tiles of somebody else's when the user wants them. */

import { workerAddress } from "./embedded.js";
import { $, later, still, toast } from "./web/dom.js";
import { Map as Chart, ScaleControl, addProtocol, setWorkerCount, setWorkerUrl } from "./web/vendor/maplibre-gl.mjs";
import { addWorld, colorWorld, ground, rasterPaint, world } from "./web/world.js";

const BEYOND = 4; // zooms that the finest tiles are enlarged

let map;
let theme;
let nearest = 15; // zoom beyond which nobody is taken unasked: there is no more to see

/** Make the map. Resolves to it when it can be drawn on. */
export async function openMap(view, colours, [first, last], moved) {
  setWorkerCount(1);
  setWorkerUrl(workerAddress());
  addProtocol("picture", picture);
  theme = colours;
  nearest = Math.min(nearest, Math.max(last - 1, 0.5));
  map = new Chart({
    container: "map",
    style: ground(theme),
    center: [view?.lng ?? 0, view?.lat ?? 25],
    zoom: view?.zoom ?? 1,
    // Tiles of 256 px of zoom z are shown from z - 1.5 on.
    minZoom: Math.max(0.5, first - 1.4),
    maxZoom: Math.min(last - 1 + BEYOND, 22),
    maxPitch: 0,
    dragRotate: false,
    pitchWithRotate: false,
    touchPitch: false,
    attributionControl: false,
    fadeDuration: 0,
    pixelRatio: Math.min(devicePixelRatio, 2),
  });
  map.touchZoomRotate.disableRotation();
  map.keyboard.disableRotation();
  map.getCanvas().setAttribute("aria-label", "Heat map: arrow keys move it, plus and minus zoom");
  map.addControl(new ScaleControl({ maxWidth: 90, unit: "metric" }), "bottom-left");
  map.on("error", () => {}); // a tile that cannot be had is not drawn; `picture` says so
  map.on("moveend", later(150, () => moved(placeOf())));
  if (!map.isStyleLoaded()) await new Promise((done) => map.once("load", done));
  addWorld(map, await world(), theme, map.getStyle().layers[1]?.id);
  return map;
}

const placeOf = () => ({ zoom: map.getZoom(), lat: map.getCenter().lat, lng: map.getCenter().lng });

/** Zoom of the 256 px tiles that are shown. */
export const tileZoom = () => Math.max(0, Math.round(map.getZoom() + 1));

/** Go to a box [west, south, east, north]. */
export function fit([west, south, east, north], animate = true) {
  map.fitBounds([[west, south], [east, north]], { padding: room(), maxZoom: nearest, duration: animate && !still.matches ? 1400 : 0 });
}

/** What panels cover, so that what is sought lies beside them. */
function room() {
  const wide = innerWidth > 720;
  const panel = wide && !$("panel").classList.contains("folded") ? $("panel").offsetWidth + 16 : 0;
  return wide
    ? { left: panel + 32, right: 90, top: 40, bottom: 60 }
    : { left: 24, right: 24, top: $("legend").offsetHeight + 34, bottom: 120 };
}

/** Somebody's tiles are loaded as plain pictures, which is all that this page may fetch. */
async function picture({ url }) {
  const image = new Image();
  image.crossOrigin = "anonymous";
  image.referrerPolicy = "strict-origin-when-cross-origin"; // OpenStreetMap asks to be told the site, and no more
  image.src = url.slice("picture://".length);
  try {
    await image.decode();
  } catch {
    toast("The tiles of this base map cannot be had", "bad");
    throw new Error("no picture");
  }
  return { data: await createImageBitmap(image) };
}

/** Draw somebody's tiles above Natural Earth, or (null) none. */
export function setBase(base) {
  if (map.getLayer("base")) map.removeLayer("base");
  if (map.getSource("base")) map.removeSource("base");
  if (!base) return;
  map.addSource("base", { type: "raster", tiles: [`picture://${base.url}`], tileSize: 256, maxzoom: 19 });
  const heat = map.getStyle().layers.find((layer) => layer.id.startsWith("heat-"));
  map.addLayer({ id: "base", type: "raster", source: "base", paint: rasterPaint(theme) }, heat?.id);
}

/** Colour the map for a theme. */
export function setTheme(name) {
  theme = name;
  colorWorld(map, name);
  if (!map.getLayer("base")) return;
  for (const [property, value] of Object.entries(rasterPaint(name))) map.setPaintProperty("base", property, value);
}
