/** The map: Natural Earth below, heat above it, and between them tiles of somebody else's when the user wants them. */

import { data, workerAddress } from "./embedded.js";
import { colorMap, servePictures, setBase } from "./web/basemap.js";
import { $, later, toast } from "./web/dom.js";
import { roomBesidePanel, sayOnce } from "./web/frame.js";
import { addScaleBar, createMap, fitBox, PLAIN, placeOf, tileZoom, whenReady } from "./web/map.js";
import { showNames } from "./web/names.js";
import * as maplibre from "./web/vendor/maplibre-gl.mjs";
import { addWorld, world } from "./web/world.js";

const BEYOND = 4; // zooms that the finest tiles are enlarged

let map;
let theme;
let nearest = 15; // zoom beyond which nobody is taken unasked: there is no more to see

/** Make the map. Resolves to it when it can be drawn on. */
export async function openMap(view, colours, [first, last], moved) {
  maplibre.setWorkerCount(1);
  maplibre.setWorkerUrl(workerAddress());
  servePictures(maplibre, { failed: (why) => toast(why, "bad") });
  theme = colours;
  nearest = Math.min(nearest, Math.max(last - 1, 0.5));
  map = createMap(maplibre, {
    container: "map",
    theme,
    center: [view?.lng ?? 0, view?.lat ?? 25],
    zoom: view?.zoom ?? 1,
    // Tiles of 256 px of zoom z are shown from z - 1.5 on.
    minZoom: Math.max(0.5, first - 1.4),
    maxZoom: Math.min(last - 1 + BEYOND, 22),
  });
  addScaleBar(maplibre, map, "bottom-left");
  if (map.flat) sayOnce("plain", PLAIN);
  map.on("error", () => {}); // a tile that cannot be had is not drawn; `servePictures` says so
  map.on("moveend", later(150, () => moved(placeOf(map))));
  await whenReady(map);
  addWorld(map, await world(), theme);
  showNames(map, theme, data.names);
  return map;
}

/** The zoom of the tiles that are shown, of those from first to last. */
export const zoomOf = ([first, last]) => tileZoom(map, first, last);

/** Go to a box [west, south, east, north]. */
export function fit(box, animate = true) {
  const narrow = { left: 24, right: 24, top: $("legend").offsetHeight + 34, bottom: 120 };
  const padding = roomBesidePanel({ left: 32, right: 90, top: 40, bottom: 60 }, narrow);
  fitBox(map, box, { padding, maxZoom: nearest, animate });
}

/** Draw somebody's tiles above Natural Earth, or (null) none. */
export const showTiles = (base) => setBase(map, base, theme);

/** Colour the map for a theme. */
export function setTheme(name) {
  theme = name;
  colorMap(map, name);
}
