/** A map that is moved and zoomed, never turned or tilted, and where it is. */

import { make, still } from "./dom.js";
import { FlatMap, hasWebGL } from "./flat.js";
import { ground } from "./world.js";

let able = null; // whether there is WebGL

/** What to say where a map is drawn without WebGL. */
export const PLAIN = "This browser has no WebGL 2: the map is drawn in a simpler way, and moves less smoothly.";

/**
 * Make a map. `options` are MapLibre's, beside the theme of the ground and what keys do on it.
 *
 * MapLibre itself is given, as each page has its own way to load it. Without WebGL 2 it can draw nothing: the map is
 * then one of our own (`flat.js`), which is used in the same way and whose property `flat` is true. So it is on a page that has no MapLibre.
 */
export function createMap(maplibre, { theme, keys, ...options }) {
  able ??= hasWebGL();
  const map = (able && maplibre.Map && withWebGL(maplibre, theme, options))
    || new FlatMap({ ...choices(theme), ...options, protocols: maplibre.config.REGISTERED_PROTOCOLS });
  describe(map, keys);
  return map;
}

/** A map of MapLibre, or null where WebGL fails although there is some. */
function withWebGL(maplibre, theme, options) {
  try {
    return turnless(new maplibre.Map({ ...choices(theme), ...options }));
  } catch (error) {
    if (!/webgl/i.test(`${error?.name} ${error?.message} ${error?.constructor?.name}`)) throw error;
    able = false;
    const box = typeof options.container === "string" ? document.getElementById(options.container) : options.container;
    box.replaceChildren();
    return null;
  }
}

const choices = (theme) => ({
  style: ground(theme),
  maxPitch: 0,
  dragRotate: false,
  pitchWithRotate: false,
  touchPitch: false,
  attributionControl: false,
  fadeDuration: 0,
  // A dense screen is served at most twice the pixels: tiles come in these two sizes.
  pixelRatio: Math.min(devicePixelRatio, 2),
});

function turnless(map) {
  map.touchZoomRotate.disableRotation();
  map.keyboard.disableRotation();
  return map;
}

/** Say what keys do on a map. */
export const describe = (map, keys = "arrow keys move it, plus and minus zoom") =>
  map.getCanvas().setAttribute("aria-label", `Heat map: ${keys}`);

/** Add buttons that zoom. */
export function addZooms(maplibre, map) {
  if (!map.flat) return void map.addControl(new maplibre.NavigationControl({ showCompass: false }), "top-right");
  const button = (text, label, act) => {
    const one = make("button", { type: "button", ariaLabel: label }, text);
    one.addEventListener("click", act);
    return one;
  };
  map.getContainer().append(make("div", { className: "plain-zooms card" },
    button("+", "Closer", () => map.zoomIn()), button("−", "Farther", () => map.zoomOut())));
}

/** Add a bar of so many metres. */
export function addScaleBar(maplibre, map, corner) {
  if (map.flat) addFlatScale(map, corner);
  else map.addControl(new maplibre.ScaleControl({ maxWidth: 90, unit: "metric" }), corner);
}

const LONGEST = 90; // pixels

/** The same bar on a map without WebGL: 1, 2, 3 or 5 times a power of ten metres. */
function addFlatScale(map, corner) {
  const bar = make("div", { className: "maplibregl-ctrl maplibregl-ctrl-scale" });
  map.getContainer().append(make("div", { className: `maplibregl-ctrl-${corner}` }, bar));
  const show = () => {
    const one = (40075016.686 * Math.cos((map.getCenter().lat * Math.PI) / 180)) / (512 * 2 ** map.getZoom());
    const power = 10 ** Math.floor(Math.log10(one * LONGEST));
    const metres = power * [5, 3, 2, 1].find((k) => k * power <= one * LONGEST);
    bar.style.width = `${metres / one}px`;
    bar.textContent = metres >= 1000 ? `${metres / 1000} km` : `${metres} m`;
  };
  map.on("move", show);
  show();
}

/** Resolves when a map can be drawn on. */
export const whenReady = (map) =>
  new Promise((resolve) => {
    if (map.isStyleLoaded()) resolve();
    else map.once("load", () => resolve());
  });

export const placeOf = (map) => ({ zoom: map.getZoom(), lat: map.getCenter().lat, lng: map.getCenter().lng });

/** The zoom of the 256 px tiles that a map shows, of those that there are; MapLibre counts zooms of 512 px. */
export const tileZoom = (map, first = 0, last = Infinity) => Math.min(Math.max(Math.round(map.getZoom() + 1), first), last);

/** Go to a box [west, south, east, north]; `padding` is covered by panels. */
export function fitBox(map, [west, south, east, north], { padding, maxZoom, animate }) {
  map.fitBounds([[west, south], [east, north]], { padding, maxZoom, duration: animate && !still.matches ? 1400 : 0 });
}

/** A view as it is written in an address. */
export const viewText = ({ zoom, lat, lng }) => `${zoom.toFixed(2)},${lat.toFixed(5)},${lng.toFixed(5)}`;

/** The view that a text says, or null. */
export function viewOf(text) {
  const [zoom, lat, lng] = text.split(",").map((part) => (part === "" ? NaN : Number(part)));
  const sound = [zoom, lat, lng].every(Number.isFinite) && Math.abs(lat) <= 85.06 && zoom >= 0 && zoom <= 24;
  return sound ? { zoom, lat, lng } : null;
}
