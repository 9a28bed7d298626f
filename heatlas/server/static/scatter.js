/** The scatter panel: passages in view by two metrics. What is brushed there is shown on the map, and the other way round. */

import { histogram } from "./api.js";
import * as maps from "./maps.js";
import { groupedOptions } from "./measures.js";
import { pointsOf } from "./points.js";
import { allMetrics } from "./relations.js";
import { filter, get, set } from "./state.js";
import { $, count, counted, later, make } from "./web/dom.js";

const SMALLEST = 2; // bins that a brush has at least

let library = null;
let colors = { dark: [], light: [] };
let theme = () => "dark";
let data = null;
let asking = new AbortController();

const numbers = (text) => text.split(",").map(Number);
const precise = (value) => String(Number(value.toPrecision(7)));

/** The metrics of the panel, or null while it is closed. */
const axes = (now = get()) => {
  const names = now.scatter ? now.scatter.split(",") : [];
  return names.length === 2 && !pointsOf(now.measure) ? names : null;
};

/** What the map shows: the measure, or the share of passages that were brushed. */
export function shownMeasure(now) {
  const names = axes(now);
  if (!names || !now.brush) return now.measure;
  const [left, right, low, high] = numbers(now.brush).map(precise);
  const [x, y] = names;
  return `share(${x} >= ${left} and ${x} < ${right} and ${y} >= ${low} and ${y} < ${high})`;
}

/** Title of what is brushed; "" while nothing is. */
export const brushTitle = (now) => (shownMeasure(now) === now.measure ? "" : "Brushed passes");

/** Take a library, and how to know the theme. */
export function knowScatter(read, themeNow) {
  library = read;
  theme = themeNow;
  const named = (name) => read.colormaps.find((one) => one.name === name)?.colors ?? [];
  colors = { dark: named("ember"), light: named("wine") };
  for (const id of ["scatter-x", "scatter-y"]) $(id).replaceChildren(...groupedOptions(allMetrics()));
  // A public map tells how often what was measured, but not where.
  $("scatter-plot").style.cursor = read.public ? "default" : "";
  $("scatter-plot").setAttribute("aria-label", read.public ? "Passages by two metrics" : "Drag to show on the map where these passages are");
}

/** Follow a change of the state. */
export function followScatter(now, old) {
  const names = axes(now);
  $("scatter").hidden = !names;
  $("scatter-open").hidden = Boolean(pointsOf(now.measure)) || allMetrics().length < 2;
  $("scatter-open").setAttribute("aria-pressed", String(Boolean(names)));
  maps.boxes(names ? (box) => set({ box: box ? box.map((edge) => edge.toFixed(6)).join() : "" }) : null);
  maps.outline(names && now.box ? numbers(now.box) : null);
  if (!names) return;
  [$("scatter-x").value, $("scatter-y").value] = names;
  $("scatter-box").setAttribute("aria-pressed", String(Boolean(now.box)));
  $("scatter-clear").hidden = !now.brush && !now.box;
  const asks = ["scatter", "a", "b", "side", "box"].some((key) => now[key] !== old?.[key]);
  if (asks || (!now.box && now.view !== old?.view)) ask();
  else paint();
}

/** Ask for the histogram of what is in view, or in the box. */
const ask = later(120, async () => {
  const names = axes();
  if (!names || !library) return;
  asking.abort();
  asking = new AbortController();
  const now = get();
  const box = now.box ? numbers(now.box) : maps.inView();
  try {
    data = await histogram(names, box, maps.zoomOf(library), filter(), library.version, asking.signal);
    $("scatter-count").textContent = data.passages
      ? `${count(data.passages)} passages of ${counted(data.activities, "activity")}` : "No passages here";
  } catch (error) {
    if (error.name === "AbortError") return;
    data = null;
    $("scatter-count").textContent = error.message;
  }
  paint();
});

/** Paint the histogram, its numbers and the brush. */
function paint() {
  const canvas = $("scatter-cells");
  const bins = data?.bins ?? 1;
  Object.assign(canvas, { width: bins, height: bins });
  const pen = canvas.getContext("2d");
  const ramp = colors[theme()].map((color) => color.match(/[0-9a-f]{2}/g).map((digits) => parseInt(digits, 16)));
  if (data && ramp.length) {
    const picture = pen.createImageData(bins, bins);
    const most = Math.log1p(Math.max(...data.counts, 1));
    data.counts.forEach((number, k) => {
      if (!number) return;
      const color = ramp[Math.round((Math.log1p(number) / most) * (ramp.length - 1))];
      const at = 4 * ((bins - 1 - Math.floor(k / bins)) * bins + (k % bins));
      picture.data.set([...color, 255], at);
    });
    pen.putImageData(picture, 0, 0);
  }
  const name = ({ title, unit }) => (unit ? `${title}, ${unit}` : title);
  for (const [axis, side] of [["x", "left"], ["y", "bottom"]]) {
    $(`scatter-${axis}-ticks`).replaceChildren(...(data?.[axis].ticks ?? []).map(([place, text]) => {
      const tick = make("span", {}, text);
      tick.style[side] = `${place * 100}%`;
      return tick;
    }));
    $(`scatter-${axis}-name`).textContent = data ? name(data[axis]) : "";
  }
  canvas.setAttribute("aria-label", data ? `${name(data.y)} by ${name(data.x)}` : "Nothing");
  paintBrush(get().brush);
}

function paintBrush(brush) {
  const mark = $("scatter-brush");
  mark.hidden = !brush || !data;
  $("scatter-said").textContent = "";
  if (mark.hidden) return;
  const [left, right, low, high] = numbers(brush);
  const share = (axis, value) => Math.min(1, Math.max(0, (value - data[axis].low) / (data[axis].high - data[axis].low)));
  const [x0, x1, y0, y1] = [share("x", left), share("x", right), share("y", low), share("y", high)];
  Object.assign(mark.style, { left: `${x0 * 100}%`, width: `${(x1 - x0) * 100}%`, bottom: `${y0 * 100}%`, height: `${(y1 - y0) * 100}%` });
  const text = (axis, from, to) => [from, to].map((at) => data[axis].labels[Math.round(at * data.bins)]).join("–");
  $("scatter-said").textContent = `${text("x", x0, x1)} · ${text("y", y0, y1)}`;
}

/** Brush from one bin to another, both [x, y] counted from the lowest. */
function brush([x0, y0], [x1, y1]) {
  const span = (a, b) => {
    const from = Math.max(0, Math.min(a, b, data.bins - SMALLEST));
    return [from, Math.min(data.bins, Math.max(a + 1, b + 1, from + SMALLEST))];
  };
  const value = (axis, bin) => precise(data[axis].low + (bin / data.bins) * (data[axis].high - data[axis].low));
  const [left, right] = span(x0, x1).map((bin) => value("x", bin));
  const [low, high] = span(y0, y1).map((bin) => value("y", bin));
  const brushed = [left, right, low, high].join();
  paintBrush(brushed);
  take(brushed);
}

/** The map follows the brush when it rests for a moment. */
const take = later(100, (brushed) => axes() && set({ brush: brushed }));

/** Bins of the brush as [x0, x1, y0, y1], or those of a brush in the middle. */
function brushed() {
  if (!get().brush) return [26, 38, 26, 38];
  const bin = (axis, value) => Math.round(((value - data[axis].low) / (data[axis].high - data[axis].low)) * data.bins);
  const [left, right, low, high] = numbers(get().brush);
  return [bin("x", left), bin("x", right), bin("y", low), bin("y", high)];
}

function keys(event) {
  const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
  if (!data || library.public || !(step || event.key === "Enter")) return;
  event.preventDefault();
  const [x0, x1, y0, y1] = brushed();
  const [dx, dy] = get().brush && step ? step : [0, 0];
  const grow = event.shiftKey ? 0 : 1; // with Shift the upper corner moves alone
  brush([x0 + grow * dx, y0 + grow * dy], [x1 - 1 + dx, y1 - 1 + dy]);
}

function drag(down) {
  if (!data || library.public) return;
  const plot = $("scatter-plot");
  const box = plot.getBoundingClientRect();
  const binOf = ({ clientX, clientY }) =>
    [(clientX - box.left) / box.width, (box.bottom - clientY) / box.height].map((share) =>
      Math.min(data.bins - 1, Math.max(0, Math.floor(share * data.bins))));
  const from = binOf(down);
  plot.setPointerCapture(down.pointerId);
  const begun = { x: down.clientX, y: down.clientY };
  const move = (event) => {
    if (Math.hypot(event.clientX - begun.x, event.clientY - begun.y) > 3) brush(from, binOf(event));
  };
  const up = (event) => {
    plot.removeEventListener("pointermove", move);
    if (Math.hypot(event.clientX - begun.x, event.clientY - begun.y) <= 3) set({ brush: "" });
  };
  plot.addEventListener("pointermove", move);
  plot.addEventListener("pointerup", up, { once: true });
}

/** Open the panel for the metric that is shown, or close it. */
function toggle() {
  if (get().scatter) return set({ scatter: "", brush: "", box: "" });
  const names = allMetrics().map(({ name }) => name);
  const [, first] = get().measure.match(/(\w+)\)?$/) ?? [];
  const x = names.includes(first) ? first : names.find((name) => name === "pace") ?? names[0];
  const y = ["heart_rate", "pace", "grade", ...names].find((name) => name !== x && names.includes(name));
  return set({ scatter: `${x},${y}`, brush: "" });
}

function chooseAxis() {
  const [x, y] = [$("scatter-x").value, $("scatter-y").value];
  const [old, other] = axes();
  set({ scatter: x === y ? `${other},${old}` : `${x},${y}`, brush: "" });
}

/** Let the panel be used. */
export function openScatter() {
  $("scatter-open").addEventListener("click", toggle);
  $("scatter-close").addEventListener("click", toggle);
  $("scatter-clear").addEventListener("click", () => set({ brush: "", box: "" }));
  $("scatter-box").addEventListener("click", () => (get().box ? set({ box: "" }) : maps.drawBox()));
  for (const id of ["scatter-x", "scatter-y"]) $(id).addEventListener("change", chooseAxis);
  $("scatter-plot").addEventListener("pointerdown", drag);
  $("scatter-plot").addEventListener("keydown", keys);
}
