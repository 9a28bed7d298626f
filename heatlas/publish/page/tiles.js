/** Tiles out of the archives, for MapLibre: heat://LAYER/COLOURS/Z/X/Y, and streets://Z/X/Y of a base map that is in the page. */

import { archive, data, fromBase64 } from "./embedded.js";
import { recolour } from "./recolour.js";
import { pmtiles } from "./vendor/pmtiles.js";
import { emptyTile } from "./web/heat.js";
import { addProtocol } from "./web/vendor/maplibre-gl.mjs";

const opened = new Map();

const open = (number) => {
  if (!opened.has(number)) opened.set(number, new pmtiles.PMTiles(archive(`a${number}`, data.layers[number].archive)));
  return opened.get(number);
};

/** Let MapLibre find streets; a place without any is empty. */
export function serveStreets() {
  const streets = new pmtiles.PMTiles(archive("streets", data.basemap.archive));
  addProtocol("streets", async ({ url }) => {
    const place = url.slice("streets://".length).split("/").map(Number);
    return { data: (await streets.getZxy(...place))?.data ?? new ArrayBuffer(0) };
  });
}

/** Let MapLibre find the tiles; a place without one is empty. */
export function serveTiles() {
  addProtocol("heat", async ({ url }) => {
    const [number, look, z, x, y] = url.slice("heat://".length).split("/");
    const found = await open(Number(number)).getZxy(Number(z), Number(x), Number(y));
    if (!found) return emptyTile();
    const { palettes } = data.layers[number];
    // What can be recoloured was drawn for a dark ground.
    if (!palettes || look === "dark") return { data: found.data };
    const other = await recolour(found.data, bytesOf(palettes.dark), bytesOf(palettes[look]));
    return { data: other instanceof ImageData ? await createImageBitmap(other) : other };
  });
}

/** Address of the tiles of a layer, in the colours that suit a theme. */
export const addressOf = (number, theme) => `heat://${number}/${theme}/{z}/{x}/{y}`;

/** Colours of a layer's legend: those of its scales, or 32 of the palette that suits a theme. */
export function coloursOf(layer, theme) {
  if (!layer.palettes) return layer.colors;
  const palette = bytesOf(layer.palettes[theme]);
  return layer.colors.map((_, i) => {
    const k = 3 * Math.round((i * 255) / (layer.colors.length - 1));
    return `rgb(${palette[k]} ${palette[k + 1]} ${palette[k + 2]})`;
  });
}

const palettes = new Map();

function bytesOf(name) {
  if (!palettes.has(name)) palettes.set(name, fromBase64(data.palettes[name]));
  return palettes.get(name);
}
