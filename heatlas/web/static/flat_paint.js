/** Layers of a map that is drawn without WebGL, on a canvas: tiles, areas, lines, circles and names. */

import { valueOf } from "./expressions.js";

const TURN = 2 * Math.PI;

/** Longitude and latitude in degrees as x and y from 0 to 1, from the north-west. */
export const toWorld = ([lng, lat]) => [lng / 360 + 0.5, 0.5 - Math.asinh(Math.tan((Math.max(-85.06, Math.min(85.06, lat)) * Math.PI) / 180)) / TURN];
export const fromWorld = (x, y) => ({ lng: (x - 0.5) * 360, lat: (Math.atan(Math.sinh((0.5 - y) * TURN)) * 180) / Math.PI });

/** Features of GeoJSON with rings and lines in world coordinates, each with its box. */
export function worldFeatures(data) {
  const list = data.type === "FeatureCollection" ? data.features : [data];
  return list.flatMap(({ geometry, properties }) => partsOf(geometry).map((lines) => shapeOf(lines, properties)));
}

function shapeOf(lines, properties) {
  const world = lines.map((line) => Float64Array.from(line.flatMap(toWorld)));
  const box = [Infinity, Infinity, -Infinity, -Infinity];
  for (const line of world) {
    for (let k = 0; k < line.length; k += 2) {
      box[0] = Math.min(box[0], line[k]);
      box[1] = Math.min(box[1], line[k + 1]);
      box[2] = Math.max(box[2], line[k]);
      box[3] = Math.max(box[3], line[k + 1]);
    }
  }
  return { world, box, properties: properties ?? {} };
}

/** A geometry as parts, each a list of lines. */
function partsOf({ type, coordinates }) {
  if (type === "Point") return [[[coordinates]]];
  if (type === "MultiPoint") return coordinates.map((point) => [[point]]);
  if (type === "LineString") return [[coordinates]];
  if (type === "MultiLineString") return coordinates.map((line) => [line]);
  return type === "Polygon" ? [coordinates] : type === "MultiPolygon" ? coordinates : [];
}

/** Draw one layer. `view` has the pen, the zoom, the edges of the world in view and `pixel(x, y)`. */
export function paintLayer(layer, source, view) {
  const { zoom, pen } = view;
  if (zoom < (layer.minzoom ?? 0) || zoom >= (layer.maxzoom ?? 30) || layer.layout?.visibility === "none") return;
  const at = (name, otherwise, properties) => valueOf(layer.paint?.[name], zoom, properties) ?? otherwise;
  pen.save();
  if (layer.type === "background") {
    pen.fillStyle = at("background-color", "#000");
    pen.fillRect(0, 0, view.width, view.height);
  } else if (layer.type === "raster" && source?.tiles) tiles(source.tiles, at, view);
  else if (source?.features) PAINTERS[layer.type]?.(layer, seen(layer, source.features, view), at, view);
  pen.restore();
}

const PAINTERS = { fill: areas, line: lines, circle: circles, symbol: names };

/** Features in view, each with the number of turns by which it is seen. */
function* seen({ filter }, features, { west, east, north, south, zoom }) {
  for (const feature of features) {
    const [left, top, right, bottom] = feature.box;
    if (bottom < north || top > south || (filter && !valueOf(filter, zoom, feature.properties))) continue;
    for (let turn = Math.ceil(west - right); turn <= Math.floor(east - left); turn += 1) yield [feature, turn];
  }
}

function tiles(source, at, view) {
  const { pen, pixel } = view;
  pen.globalAlpha = at("raster-opacity", 1);
  if (!pen.globalAlpha) return void source.inView(view); // they are loaded unseen
  const hue = at("raster-hue-rotate", 0);
  const turned = at("raster-brightness-min", 0) > at("raster-brightness-max", 1);
  // What is turned from light to dark keeps its hues.
  if (turned) pen.filter = `invert(1) hue-rotate(180deg) saturate(${1 + at("raster-saturation", 0)}) brightness(0.8)`;
  else if (hue || at("raster-saturation", 0)) pen.filter = `saturate(${1 + at("raster-saturation", 0)})`;
  for (const [tile, z, x, y] of source.inView(view)) {
    const [left, top] = pixel(x / 2 ** z, y / 2 ** z).map(Math.round);
    const [right, bottom] = pixel((x + 1) / 2 ** z, (y + 1) / 2 ** z).map(Math.round);
    if (tile.picture) pen.drawImage(tile.picture, left, top, right - left, bottom - top);
    else if (tile.state === "loading") {
      const found = source.above(z, x, y);
      if (!found) continue;
      const size = found.picture.width / 2 ** found.up;
      const part = (k) => (((k % 2 ** found.up) + 2 ** found.up) % 2 ** found.up) * size;
      pen.drawImage(found.picture, part(x), part(y), size, size, left, top, right - left, bottom - top);
    }
  }
}

function trace({ world }, turn, { pen, pixel }, close) {
  pen.beginPath();
  for (const line of world) {
    let [px, py] = [NaN, NaN];
    for (let k = 0; k < line.length; k += 2) {
      const [x, y] = pixel(line[k] + turn, line[k + 1]);
      if (Math.abs(x - px) + Math.abs(y - py) < 0.7 && k + 2 < line.length) continue; // less than a pixel
      if (k) pen.lineTo(x, y);
      else pen.moveTo(x, y);
      [px, py] = [x, y];
    }
    if (close) pen.closePath();
  }
}

function areas(layer, features, at, view) {
  for (const [feature, turn] of features) {
    view.pen.fillStyle = at("fill-color", "#000", feature.properties);
    view.pen.globalAlpha = at("fill-opacity", 1, feature.properties);
    trace(feature, turn, view, true);
    view.pen.fill("evenodd");
  }
}

function lines(layer, features, at, view) {
  const { pen } = view;
  pen.lineJoin = "round";
  for (const [feature, turn] of features) {
    pen.strokeStyle = at("line-color", "#000", feature.properties);
    pen.globalAlpha = at("line-opacity", 1, feature.properties);
    pen.lineWidth = at("line-width", 1, feature.properties);
    pen.setLineDash((at("line-dasharray", null) ?? layer.paint?.["line-dasharray"] ?? []).map((dash) => dash * pen.lineWidth));
    trace(feature, turn, view, false);
    pen.stroke();
  }
}

function circles(layer, features, at, { pen, pixel }) {
  for (const [{ world: [[x, y]], properties }, turn] of features) {
    const [left, top] = pixel(x + turn, y);
    pen.beginPath();
    pen.arc(left, top, at("circle-radius", 5, properties), 0, TURN);
    pen.globalAlpha = at("circle-opacity", 1, properties);
    pen.fillStyle = at("circle-color", "#000", properties);
    pen.fill();
    pen.globalAlpha = at("circle-stroke-opacity", 1, properties);
    pen.lineWidth = at("circle-stroke-width", 0, properties);
    pen.strokeStyle = at("circle-stroke-color", "#000", properties);
    if (pen.lineWidth && at("circle-stroke-width", 0, properties)) pen.stroke();
  }
}

/** Names, the most important first, and none over another. */
function names({ layout = {} }, features, at, { pen, pixel, zoom, taken, font }) {
  const set = (name, otherwise, properties) => valueOf(layout[name], zoom, properties) ?? otherwise;
  const rank = ([{ properties }]) => set("symbol-sort-key", 0, properties);
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  pen.lineJoin = "round";
  for (const [{ world: [[x, y]], properties }, turn] of [...features].sort((one, other) => rank(one) - rank(other))) {
    let text = String(set("text-field", "", properties) ?? "");
    if (!text) continue;
    if (set("text-transform", "none", properties) === "uppercase") text = text.toUpperCase();
    const size = set("text-size", 16, properties);
    const [shiftX, shiftY] = layout["text-offset"] && typeof layout["text-offset"][0] === "number" ? layout["text-offset"] : [0, 0];
    pen.font = `${size}px ${font}`;
    pen.letterSpacing = `${set("text-letter-spacing", 0, properties) * size}px`;
    const [left, top] = pixel(x + turn, y);
    const half = pen.measureText(text).width / 2 + set("text-padding", 2, properties);
    const [cx, cy] = [left + shiftX * size, top + shiftY * size];
    const box = [cx - half, cy - size, cx + half, cy + size];
    if (taken.some((other) => box[0] < other[2] && box[2] > other[0] && box[1] < other[3] && box[3] > other[1])) continue;
    taken.push(box);
    pen.lineWidth = 2 * at("text-halo-width", 0, properties);
    pen.strokeStyle = at("text-halo-color", "transparent", properties);
    if (at("text-halo-width", 0, properties)) pen.strokeText(text, cx, cy);
    pen.fillStyle = at("text-color", "#000", properties);
    pen.globalAlpha = at("text-opacity", 1, properties);
    pen.fillText(text, cx, cy);
  }
}
