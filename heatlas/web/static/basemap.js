/** Somebody's tiles between the ground and the heat. */

import { colorNames, hideNames } from "./names.js";
import { streetLayers } from "./streets.js";
import { colorWorld, rasterPaint } from "./world.js";

const bases = new WeakMap(); // map -> its base map

/** Load such tiles as plain pictures, which is all that a page may fetch from elsewhere; each is told by `loaded` or `failed`. */
export function servePictures(maplibre, { failed, loaded = () => {} }) {
  maplibre.addProtocol("picture", async ({ url }) => {
    const image = new Image();
    image.crossOrigin = "anonymous";
    image.referrerPolicy = "strict-origin-when-cross-origin"; // OpenStreetMap asks to be told the site, and no more
    image.src = url.slice("picture://".length);
    await image.decode().catch(() => {
      failed("The tiles of this base map cannot be had");
      throw new Error("no picture");
    });
    loaded();
    return { data: await createImageBitmap(image) };
  });
}

/**
 * Draw a base map between the ground and the heat; null: none. It has a `url` with {z}, {x} and {y}, and is of pictures;
 * or of vector tiles where `streets` is true, which also has `minzoom`, `maxzoom`, `bounds`, and `credit`, HTML, where MapLibre shows it.
 */
export function setBase(map, base, theme) {
  if ((bases.get(map)?.url ?? "") === (base?.url ?? "")) return;
  bases.set(map, base);
  for (const id of layersOf(map)) map.removeLayer(id);
  if (map.getSource("base")) map.removeSource("base");
  hideNames(map, Boolean(base) && !base.streets); // pictures have names of their own
  if (!base) return;
  map.addSource("base", base.streets
    ? { type: "vector", tiles: [base.url], minzoom: base.minzoom, maxzoom: base.maxzoom, bounds: base.bounds, attribution: base.credit ?? "" }
    : { type: "raster", tiles: [`picture://${base.url}`], tileSize: 256, maxzoom: 19 });
  addLayers(map, base, theme);
}

const layersOf = (map) => map.getLayersOrder().filter((id) => /^(above-)?base(-|$)/.test(id));

function addLayers(map, base, theme) {
  const first = (test) => map.getLayersOrder().find(test);
  const heat = first((id) => id.startsWith("heat-") || id === "mark" || id.startsWith("above-"));
  if (!base.streets) return void map.addLayer({ id: "base", type: "raster", source: "base", paint: rasterPaint(theme) }, heat);
  const above = first((id) => id.startsWith("above-"));
  for (const layer of streetLayers("base", theme)) map.addLayer(layer, layer.id.startsWith("above-") ? above : heat);
}

/** Colour the ground and the base map for a theme. */
export function colorMap(map, theme) {
  colorWorld(map, theme);
  colorNames(map, theme);
  if (bases.get(map)?.streets) {
    for (const id of layersOf(map)) map.removeLayer(id);
    addLayers(map, bases.get(map), theme);
  }
  if (!map.getLayer("base")) return;
  for (const [property, value] of Object.entries(rasterPaint(theme))) map.setPaintProperty("base", property, value);
}
