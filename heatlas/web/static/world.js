/** Natural Earth: countries from shared arcs, their borders and names. */

let read = async () => (await fetch(new URL("vendor/world.json", import.meta.url))).json();
let loading;

/** Give what reads the world (resolves to world.json's data) on a page where it is no file beside this module. */
export const worldFrom = (source) => (read = source);

/** Read the world once; what failed is read again. */
export function world() {
  loading ??= read().then(decode).catch((error) => {
    loading = undefined;
    throw error;
  });
  return loading;
}

/** What a map needs of the world, from the data of world.json. */
export function decode(file) {
  const { scale, translate } = file.transform;
  const arcs = file.arcs.map((arc) => {
    let x = 0;
    let y = 0;
    return arc.map(([dx, dy]) => [(x += dx) * scale[0] + translate[0], (y += dy) * scale[1] + translate[1]]);
  });
  const used = new Uint8Array(arcs.length);
  const ring = (numbers) =>
    numbers.flatMap((number, i) => {
      const arc = number < 0 ? arcs[~number].toReversed() : arcs[number];
      used[number < 0 ? ~number : number] += 1;
      return i ? arc.slice(1) : arc;
    });
  const countries = file.countries.map((parts) => parts.map((part) => part.map(ring)));
  return {
    land: collection(countries.map((parts) => shape("MultiPolygon", parts))),
    borders: collection([shape("MultiLineString", arcs.filter((_, i) => used[i] > 1))]),
    coast: collection([shape("MultiLineString", arcs.filter((_, i) => used[i] === 1).flatMap(awayFromEdges))]),
    names: collection(
      file.labels.map(([lon, lat, size], i) => shape("Point", [lon, lat], { name: file.names[i], size })),
    ),
  };
}

const collection = (features) => ({ type: "FeatureCollection", features });
const shape = (type, coordinates, properties = {}) => ({ type: "Feature", properties, geometry: { type, coordinates } });

/** A coast without the cuts at the antimeridian and at the edge of the map. */
function awayFromEdges(arc) {
  const onCut = ([x, y], [p, q]) => (Math.abs(x) > 179.97 && Math.abs(p) > 179.97) || (y < -83 && q < -83);
  const lines = [[]];
  arc.forEach((point, i) => {
    if (i && onCut(arc[i - 1], point)) lines.push([]);
    lines.at(-1).push(point);
  });
  return lines.filter((line) => line.length > 1);
}

/** Font of names. */
export const NAME_FONT = ["sans-serif"]; // drawn by the browser itself: no glyphs to fetch
/** Colours of the ground, and of names on it and above the heat. */
export const COLORS = {
  dark: { sea: "#0a0d12", land: "#131921", coast: "#222b37", border: "#262f3b", name: "#6d7a8c", halo: "#0d1117", town: "#b9c3d0", label: "#8995a5", veil: "#0d1117b3" },
  light: { sea: "#d9e2e9", land: "#f5f3ee", coast: "#b9c6cf", border: "#d5cfc4", name: "#98948b", halo: "#f9f8f5", town: "#54524d", label: "#7f7b73", veil: "#f9f8f5b3" },
};

/** Zooms over which land, coasts and borders fade: nearer, their few straight lines would put ways on land into the sea. */
const FADE = [8, 9.5];
const fading = (from, to) => ["interpolate", ["linear"], ["zoom"], FADE[0], from, FADE[1], to];
const background = (theme) => fading(COLORS[theme].sea, COLORS[theme].land);

/** The style that lies beneath everything, before the world is read. */
export const ground = (theme) => ({
  version: 8,
  sources: {},
  layers: [{ id: "sea", type: "background", paint: { "background-color": background(theme) } }],
});

/** Add the world's layers beneath all others but the sea; the map may be gone when the world has been read. */
export function addWorld(map, read, theme) {
  if (!map.style) return;
  const c = COLORS[theme];
  const before = map.getStyle().layers[1]?.id;
  const add = (id, data, type, paint, rest = {}) => {
    map.addSource(`world-${id}`, { type: "geojson", data, tolerance: 0.3, maxzoom: 8 });
    map.addLayer({ id: `world-${id}`, source: `world-${id}`, type, paint, maxzoom: FADE[1], ...rest }, before);
  };
  add("land", read.land, "fill", { "fill-color": c.land, "fill-opacity": fading(1, 0), "fill-antialias": true });
  add("coast", read.coast, "line", {
    "line-color": c.coast, "line-opacity": fading(1, 0), "line-width": ["interpolate", ["linear"], ["zoom"], 2, 0.6, 8, 1.4],
  });
  add("borders", read.borders, "line", {
    "line-color": c.border, "line-opacity": fading(1, 0),
    "line-width": ["interpolate", ["linear"], ["zoom"], 2, 0.5, 8, 1.2],
  });
  add("names", read.names, "symbol", { "text-color": c.name, "text-halo-color": c.halo, "text-halo-width": 1.2 }, {
    filter: [">", ["*", ["get", "size"], ["^", 2, ["zoom"]]], 22],
    layout: {
      "text-field": ["get", "name"], "text-font": NAME_FONT, "text-letter-spacing": 0.14, "text-transform": "uppercase",
      "text-size": ["interpolate", ["linear"], ["zoom"], 2, 10, 7, 13], "text-max-width": 7, "text-padding": 6,
      "symbol-sort-key": ["-", 0, ["get", "size"]],
    },
    maxzoom: 8,
  });
}

/** Add the world when it is seen: nearer, none of it is drawn, and a page that stays there need not read it. `theme()` is that of now. */
export function addWorldWhenSeen(map, theme) {
  const look = async () => {
    if (!map.style || map.getZoom() >= FADE[1]) return;
    map.off("move", look);
    try {
      addWorld(map, await world(), theme());
    } catch {
      map.on("move", look); // the server is away: it is read when the map is moved again
    }
  };
  map.on("move", look);
  look();
}

/** Colour the ground for a theme. */
export function colorWorld(map, theme) {
  const c = COLORS[theme];
  map.setPaintProperty("sea", "background-color", background(theme));
  if (!map.getLayer("world-names")) return;
  map.setPaintProperty("world-land", "fill-color", c.land);
  map.setPaintProperty("world-coast", "line-color", c.coast);
  map.setPaintProperty("world-borders", "line-color", c.border);
  map.setPaintProperty("world-names", "text-color", c.name);
  map.setPaintProperty("world-names", "text-halo-color", c.halo);
}

/** What a base map of somebody else's tiles is drawn with, so that the heat stays the brightest thing. */
export const rasterPaint = (theme) =>
  theme === "dark"
    ? { "raster-saturation": -0.75, "raster-hue-rotate": 180, "raster-brightness-min": 0.8, "raster-brightness-max": 0.05 }
    : { "raster-saturation": -0.35, "raster-hue-rotate": 0, "raster-brightness-min": 0.12, "raster-brightness-max": 1 };
