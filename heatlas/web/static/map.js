/** A map that is moved and zoomed, never turned or tilted, and where it is. */

import { still } from "./dom.js";
import { ground } from "./world.js";

/**
 * Make a map. `options` are MapLibre's, beside the theme of the ground and what keys do on it.
 *
 * MapLibre itself is given, as each page has its own way to load it.
 */
export function createMap(maplibre, { theme, keys, ...options }) {
  const map = new maplibre.Map({
    style: ground(theme),
    maxPitch: 0,
    dragRotate: false,
    pitchWithRotate: false,
    touchPitch: false,
    attributionControl: false,
    fadeDuration: 0,
    // A dense screen is served at most twice the pixels: tiles come in these two sizes.
    pixelRatio: Math.min(devicePixelRatio, 2),
    ...options,
  });
  map.touchZoomRotate.disableRotation();
  map.keyboard.disableRotation();
  describe(map, keys);
  return map;
}

/** Say what keys do on a map. */
export const describe = (map, keys = "arrow keys move it, plus and minus zoom") =>
  map.getCanvas().setAttribute("aria-label", `Heat map: ${keys}`);

/** Add a bar of so many metres. */
export const addScaleBar = (maplibre, map, corner) =>
  map.addControl(new maplibre.ScaleControl({ maxWidth: 90, unit: "metric" }), corner);

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
