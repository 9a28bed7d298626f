/** Names of towns above the heat: few, small, and the larger towns first. */

import { COLORS, NAME_FONT } from "./world.js";

const LAYER = "above-names"; // heat goes below what is above-
const DEEPEST = 8; // last zoom of tiles of names
const WIDER = 2; // zooms by which tiles of names are wider than those of the map, so that a view needs few
/** From which zoom on towns of so many people have a name. */
const LEAST = ["step", ["zoom"], 5e6, 3, 2.5e6, 4, 1e6, 5, 4e5, 6, 1.5e5, 7, 6e4, 8, 2e4, 9, 0];

/**
 * Show names on a map: [lon, lat, name, people] of each. `from` is a list of all that there are, or reads those of a tile:
 * `from(z, x, y)` resolves to them, and is asked for more as the map moves.
 */
export function showNames(map, theme, from) {
  if (!map.style) return; // the map is gone
  const held = new Map(); // tile -> its names
  const all = Array.isArray(from);
  map.addSource(LAYER, { type: "geojson", data: collection(all ? from : []) });
  map.addLayer({
    id: LAYER, source: LAYER, type: "symbol",
    filter: [">=", ["get", "people"], LEAST],
    layout: {
      "text-field": ["get", "name"], "text-font": NAME_FONT, "text-max-width": 8, "text-padding": 8,
      "text-size": ["interpolate", ["linear"], ["ln", ["get", "people"]], 7, 10.5, 12, 12, 16, 14.5],
      "symbol-sort-key": ["-", 0, ["get", "people"]],
    },
    paint: { "text-halo-width": 1.3, ...paint(theme) },
  });
  if (all) return;
  const more = async () => {
    const wanted = tilesOf(map);
    await Promise.all(wanted.filter((tile) => !held.has(tile)).map(async (tile) => {
      held.set(tile, []);
      try {
        held.set(tile, await from(...tile.split("/").map(Number)));
      } catch {
        held.delete(tile); // names are no reason to trouble anybody: another move asks again
      }
    }));
    if (!map.style?.getSource(LAYER)) return;
    map.getSource(LAYER).setData(collection(tilesOf(map).flatMap((tile) => held.get(tile) ?? [])));
  };
  map.on("moveend", more);
  more();
}

/** Colour the names for a theme. */
export function colorNames(map, theme) {
  if (!map.getLayer(LAYER)) return;
  for (const [property, value] of Object.entries(paint(theme))) map.setPaintProperty(LAYER, property, value);
}

/** Hide names while a base map has its own, or show them again. */
export function hideNames(map, hidden) {
  if (map.getLayer(LAYER)) map.setLayoutProperty(LAYER, "visibility", hidden ? "none" : "visible");
}

const paint = (theme) => ({ "text-color": COLORS[theme].town, "text-halo-color": COLORS[theme].halo });

const collection = (names) => ({
  type: "FeatureCollection",
  features: names.map(([lon, lat, name, people]) => (
    { type: "Feature", properties: { name, people }, geometry: { type: "Point", coordinates: [lon, lat] } })),
});

/** Tiles of names that cover what a map shows, as z/x/y. */
function tilesOf(map) {
  const zoom = Math.min(Math.max(Math.floor(map.getZoom()) - WIDER, 0), DEEPEST);
  const across = 2 ** zoom;
  const seen = map.getBounds();
  const column = (lon) => Math.floor(((lon + 180) / 360) * across);
  const row = (lat) => {
    const y = 0.5 - Math.asinh(Math.tan((Math.min(Math.max(lat, -85), 85) * Math.PI) / 180)) / (2 * Math.PI);
    return Math.min(Math.max(Math.floor(y * across), 0), across - 1);
  };
  const found = new Set();
  const west = column(seen.getWest());
  for (let x = west; x <= Math.min(column(seen.getEast()), west + across - 1); x++) {
    for (let y = row(seen.getNorth()); y <= row(seen.getSouth()); y++) found.add(`${zoom}/${((x % across) + across) % across}/${y}`);
  }
  return [...found];
}
