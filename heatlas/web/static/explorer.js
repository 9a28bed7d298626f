/** Explorer tiles on a map: those that were visited, the largest cluster and square, and where the next square is. */

import { count } from "./dom.js";

const COLORS = {
  dark: { tile: "#4aa8ff", square: "#5cc8ff", fill: 0.13, cluster: 0.34 },
  light: { tile: "#0a66c2", square: "#0350a0", fill: 0.18, cluster: 0.4 },
};
const TILES = "explorer-tiles";
const FRAMES = "explorer-frames";

/** Degrees of a corner of a tile; columns go round the world. */
function corner(x, y, across) {
  const lon = (x / across) * 360 - 180;
  return [lon, (Math.atan(Math.sinh(Math.PI * (1 - (2 * y) / across))) * 180) / Math.PI];
}

/** Ring of a rectangle of tiles. */
function ring(x, y, wide, high, across) {
  const at = (i, j) => corner(x + i, y + j, across);
  return [at(0, high), at(wide, high), at(wide, 0), at(0, 0), at(0, high)];
}

const feature = (kind, coordinates) => ({ type: "Feature", properties: { kind }, geometry: { type: "MultiPolygon", coordinates } });

/** Features of what the server or a page says of explorer tiles. */
export function explorerFeatures({ zoom, tiles, square, cluster, next_square: next }) {
  const across = 2 ** zoom;
  const inner = new Set(cluster.tiles.map(([x, y]) => y * across + x));
  const one = ([x, y]) => [ring(x, y, 1, 1, across)];
  const frame = ({ x, y, size }) => [[ring(x, y, size, size, across)]];
  return {
    tiles: [
      feature("visited", tiles.filter(([x, y]) => !inner.has(y * across + x)).map(one)),
      feature("cluster", cluster.tiles.map(one)),
    ],
    frames: [
      ...(next && square ? [feature("next", frame(next)), feature("missing", next.missing.map(one))] : []),
      ...(square ? [feature("square", frame(square))] : []),
    ],
  };
}

/** Numbers in a line. */
export function explorerText({ total, square, cluster, next_square: next, counted }) {
  if (!total) return "no tiles";
  const said = [
    `${count(total)} ${total === 1 ? "tile" : "tiles"}`, `square ${square.size} × ${square.size}`, `cluster ${count(cluster.size)}`,
  ];
  if (next) said.push(`${count(next.missing.length)} more for ${next.size} × ${next.size}`);
  return `${said.join(" · ")}${counted ? ` (${counted})` : ""}`;
}

/** Show explorer tiles beneath the heat, and frames of squares above it; or (null) none. */
export function showExplorer(map, data, theme) {
  if (!map?.style) return; // the map is gone
  if (!data) {
    for (const { id } of layersOf(theme)) if (map.getLayer(id)) map.removeLayer(id);
    for (const id of [TILES, FRAMES]) if (map.getSource(id)) map.removeSource(id);
    return;
  }
  const features = explorerFeatures(data);
  for (const [id, some] of [[TILES, features.tiles], [FRAMES, features.frames]]) {
    const collection = { type: "FeatureCollection", features: some };
    if (map.getSource(id)) map.getSource(id).setData(collection);
    else map.addSource(id, { type: "geojson", data: collection, tolerance: 0.1 });
  }
  const heat = map.getLayersOrder().find((id) => id.startsWith("heat") || id === "mark");
  for (const layer of layersOf(theme)) {
    if (!map.getLayer(layer.id)) map.addLayer(layer, layer.source === TILES ? heat : undefined);
    for (const [property, value] of Object.entries(layer.paint)) map.setPaintProperty(layer.id, property, value);
  }
}

function layersOf(theme) {
  const c = COLORS[theme];
  const of = (...kinds) => ["in", ["get", "kind"], ["literal", kinds]];
  const wide = (far, near) => ["interpolate", ["linear"], ["zoom"], 8, far, 14, near];
  const layer = (id, type, source, kinds, paint) => ({ id, type, source, filter: of(...kinds), paint });
  return [
    layer("explorer-fill", "fill", TILES, ["visited", "cluster"], {
      "fill-color": c.tile, "fill-opacity": ["match", ["get", "kind"], "cluster", c.cluster, c.fill], "fill-antialias": false,
    }),
    layer("explorer-edges", "line", TILES, ["visited", "cluster"], {
      "line-color": c.tile, "line-opacity": ["interpolate", ["linear"], ["zoom"], 8, 0, 11, 0.4], "line-width": wide(0.4, 1),
    }),
    layer("above-missing", "line", FRAMES, ["missing"], {
      "line-color": c.square, "line-width": wide(0.8, 1.6), "line-dasharray": [1.5, 1.5],
    }),
    layer("above-next", "line", FRAMES, ["next"], { "line-color": c.square, "line-width": wide(1, 2), "line-dasharray": [4, 3] }),
    layer("above-square", "line", FRAMES, ["square"], { "line-color": c.square, "line-width": wide(1.5, 3.5) }),
  ];
}
