/** The route of an activity on the map, and its profile. */

import * as maps from "./maps.js";
import { route } from "./single.js";
import { isFast, kilometres, paceOf } from "./units.js";
import { $, make } from "./web/dom.js";
import { roomBesidePanel } from "./web/frame.js";
import { fitBox } from "./web/map.js";

const WIDE = 300; // of a profile, in its own units
const HIGH = 40;
const SVG = "http://www.w3.org/2000/svg";
const whole = (value) => String(Math.round(value));
const SERIES = [
  ["elevation", "Elevation", (value) => `${whole(value)} m`, false],
  ["heart_rate", "Heart rate", (value) => `${whole(value)} bpm`, false],
  ["pace", "Pace", paceOf, true],
];

let pinned = null; // number of the activity that stays lit
let lit = null;

const colors = () => (document.documentElement.dataset.theme === "light" ? ["#0b57d0", "#fff"] : ["#7fe7ff", "#06222c"]);

/** Draw lines above the heat, or (null) none. */
function draw(lines) {
  const [color, edge] = colors();
  const data = { type: "Feature", properties: {}, geometry: { type: "MultiLineString", coordinates: lines ?? [] } };
  for (const map of maps.all()) {
    if (!map.style?._loaded) continue; // a second map that is still being made
    if (map.getSource("route")) map.getSource("route").setData(data);
    else if (lines) map.addSource("route", { type: "geojson", data, tolerance: 0.2 });
    for (const id of ["above-route-edge", "above-route"]) if (map.getLayer(id)) map.removeLayer(id);
    if (!lines) continue;
    const layer = (id, paint) => ({ id, type: "line", source: "route", layout: { "line-cap": "round", "line-join": "round" }, paint });
    map.addLayer(layer("above-route-edge", { "line-color": edge, "line-width": 6, "line-opacity": 0.85 }));
    map.addLayer(layer("above-route", { "line-color": color, "line-width": 2.6 }));
  }
}

/** Light up the route of an activity for the while; null: that which stays lit, or none. */
export async function light(number) {
  const wanted = number ?? pinned;
  if (wanted === lit) return;
  lit = wanted;
  dot(null);
  if (wanted === null) return void draw(null);
  const read = await route(wanted).catch(() => null);
  if (lit === wanted) draw(read?.lines ?? null);
}

/** Keep the route of an activity lit; null: none. */
export function pin(number) {
  pinned = number;
  return light(number);
}

/** Let an element light up a route while the pointer or the focus is on it. */
export function lights(element, number) {
  for (const [event, to] of [["pointerenter", number], ["pointerleave", null], ["focusin", number], ["focusout", null]]) {
    element.addEventListener(event, () => light(to));
  }
}

/** West, south, east and north of lines; null of none. */
function boxOf(lines) {
  const points = lines.flat();
  if (!points.length) return null;
  const edges = [Infinity, Infinity, -Infinity, -Infinity];
  for (const [lon, lat] of points) {
    edges[0] = Math.min(edges[0], lon);
    edges[1] = Math.min(edges[1], lat);
    edges[2] = Math.max(edges[2], lon);
    edges[3] = Math.max(edges[3], lat);
  }
  return edges;
}

/** Mark the place at a share of the way, or (null) none. */
function dot(place) {
  const [color, edge] = colors();
  for (const map of maps.all()) {
    if (!map.style?._loaded) continue;
    if (map.getLayer("above-route-dot")) map.removeLayer("above-route-dot");
    if (!place) continue;
    const data = { type: "Feature", properties: {}, geometry: { type: "Point", coordinates: place } };
    if (map.getSource("route-dot")) map.getSource("route-dot").setData(data);
    else map.addSource("route-dot", { type: "geojson", data });
    map.addLayer({
      id: "above-route-dot", type: "circle", source: "route-dot",
      paint: { "circle-radius": 6, "circle-color": color, "circle-stroke-width": 2.5, "circle-stroke-color": edge },
    });
  }
}

/** The place at a share of the length of lines. */
function placeAt(lines, share) {
  const length = ([x0, y0], [x1, y1]) => Math.hypot((x1 - x0) * Math.cos((y0 * Math.PI) / 180), y1 - y0);
  const steps = lines.flatMap((line) => line.slice(1).map((to, i) => [line[i], to, length(line[i], to)]));
  let left = share * steps.reduce((sum, [, , step]) => sum + step, 0);
  for (const [from, to, step] of steps) {
    if (left <= step) return step ? from.map((value, axis) => value + ((to[axis] - value) * left) / step) : from;
    left -= step;
  }
  return steps.at(-1)?.[1] ?? lines[0]?.[0] ?? null;
}

/** Small drawings of what was measured along a route; the pointer shows where. */
export function profile({ profile: series, lines, shown, sport }) {
  const box = make("div", { className: "profile" });
  const drawn = SERIES.filter(([name]) => series[name]?.some((value) => value !== null));
  for (const [name, usual, written, turned] of drawn) {
    const title = name === "pace" && isFast(sport) ? "Speed" : usual;
    const text = (value) => written(value, sport);
    const known = series[name].filter((value) => value !== null);
    const sorted = known.toSorted((a, b) => a - b);
    // Pace is cut at its slowest hundredth: one crawl would flatten all of it.
    const [low, high] = [sorted[0], sorted[Math.floor((sorted.length - 1) * (turned ? 0.98 : 1))]];
    const said = make("span", {}, "");
    const ends = turned ? [high, low] : [low, high];
    const range = low === high ? text(low) : `${text(ends[0])} – ${text(ends[1])}`;
    const rest = () => (said.textContent = range);
    rest();
    const figure = make("div", { className: "series" },
      make("div", { className: "line muted" }, make("span", {}, title), said),
      curve(series[name], low, high, turned, `${title} along ${kilometres(shown)}: ${range}`));
    figure.addEventListener("pointermove", ({ clientX }) => {
      const edge = figure.getBoundingClientRect();
      const share = Math.min(1, Math.max(0, (clientX - edge.left) / edge.width));
      const value = series[name][Math.min(series[name].length - 1, Math.floor(share * series[name].length))];
      said.textContent = `${value === null ? "not known" : text(value)} at ${kilometres(share * shown)}`;
      dot(placeAt(lines, share));
    });
    figure.addEventListener("pointerleave", () => {
      rest();
      dot(null);
    });
    box.append(figure);
  }
  return box;
}

function curve(values, low, high, turned, label) {
  const across = (i) => ((i + 0.5) / values.length) * WIDE;
  const up = (value) => {
    const share = high > low ? Math.min(1, Math.max(0, (value - low) / (high - low))) : 0.5;
    return 2 + (turned ? share : 1 - share) * (HIGH - 4);
  };
  const known = values.map((value, i) => [i, value]).filter(([, value]) => value !== null);
  const path = known.map(([i, value], k) => `${k ? "L" : "M"}${across(i).toFixed(1)} ${up(value).toFixed(1)}`).join("");
  const svg = document.createElementNS(SVG, "svg");
  for (const [name, value] of Object.entries({ viewBox: `0 0 ${WIDE} ${HIGH}`, preserveAspectRatio: "none", role: "img", "aria-label": label })) svg.setAttribute(name, value);
  const [first, last] = [known[0][0], known.at(-1)[0]];
  for (const [kind, d] of [["area", `${path}L${across(last).toFixed(1)} ${HIGH}L${across(first).toFixed(1)} ${HIGH}Z`], ["stroke", path]]) {
    const element = document.createElementNS(SVG, "path");
    element.setAttribute("d", d);
    element.setAttribute("class", kind);
    svg.append(element);
  }
  return svg;
}

/** Show all of a route beside what covers the map: a card at the right, or a sheet at the bottom. */
export function showAll(lines) {
  const box = boxOf(lines);
  if (!box) return;
  const open = ["who", "list"].map($).filter(({ hidden }) => !hidden);
  const widest = Math.max(0, ...open.map(({ offsetWidth }) => offsetWidth));
  const highest = Math.max(0, ...open.map(({ offsetHeight }) => offsetHeight));
  const padding = roomBesidePanel({ left: 24, right: 90 + widest, top: 40, bottom: 160 }, { left: 20, right: 80, top: 90, bottom: highest + 20 });
  fitBox(maps.main(), box, { padding, maxZoom: 16, animate: true });
}

/** Move the map so that a place lies above a sheet at the bottom, if it is beneath it. */
export function keepAbove(place, sheet) {
  const map = maps.main();
  const top = sheet.getBoundingClientRect().top;
  const at = map.project(place);
  const room = $("legend").hidden ? 0 : $("legend").getBoundingClientRect().bottom;
  if (at.y > top - 24) map.panBy([0, at.y - (top + room) / 2], { animate: false });
}
