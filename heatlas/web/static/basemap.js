/** Somebody's tiles between the ground and the heat. */

import { colorNames, hideNames } from "./names.js";
import { colorWorld, rasterPaint } from "./world.js";

const bases = new WeakMap(); // map -> address of its tiles

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

/** Draw the tiles of an address with {z}, {x} and {y}; none where it is empty. */
export function setBase(map, url, theme) {
  if ((bases.get(map) ?? "") === url) return;
  bases.set(map, url);
  if (map.getLayer("base")) map.removeLayer("base");
  if (map.getSource("base")) map.removeSource("base");
  hideNames(map, Boolean(url));
  if (!url) return;
  map.addSource("base", { type: "raster", tiles: [`picture://${url}`], tileSize: 256, maxzoom: 19 });
  const heat = map.getStyle().layers.find((layer) => layer.id.startsWith("heat-") || layer.id === "mark");
  map.addLayer({ id: "base", type: "raster", source: "base", paint: rasterPaint(theme) }, heat?.id);
}

/** Colour the ground and the base map for a theme. */
export function colorMap(map, theme) {
  colorWorld(map, theme);
  colorNames(map, theme);
  if (!map.getLayer("base")) return;
  for (const [property, value] of Object.entries(rasterPaint(theme))) map.setPaintProperty("base", property, value);
}
