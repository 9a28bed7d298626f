/** The days of the library: bars, a range that can be dragged, and a head that plays how the map filled up. */

import { $, counted, dayText, fromDay, later, make, toDay } from "./dom.js";

let days = [];
let first = 0;
let last = 0;
let range = [0, 0];
let head = null;
let whole = true; // no filter but the dates: then the days tell how many there are
let changed = () => {};

export const bounds = () => [first, last];
export const rangeOf = (filter) => [
  filter.after ? Math.max(first, toDay(filter.after)) : first,
  filter.before ? Math.min(last, toDay(filter.before) - 1) : last,
];

/** A filter's dates for days from..to, both included; what reaches the ends is left open. */
export const datesOf = ([from, to]) => ({
  after: from <= first ? "" : fromDay(from),
  before: to >= last ? "" : fromDay(to + 1),
});

/** Take the days of a library: [["2024-05-01", n], ...]. `moved(range)` is told what is dragged. */
export function openTimeline(pairs, moved) {
  changed = moved;
  days = pairs.map(([text, n]) => [toDay(text), n]).filter(([day]) => Number.isFinite(day));
  showTimeline(true);
  if (!days.length) return;
  first = days[0][0];
  last = days.at(-1)[0];
  range = [first, last];
  draw();
}

/** Show the days where there are any; points have none. */
export const showTimeline = (wanted) => ($("timeline").hidden = !wanted || days.length < 2);

/** Show which days a filter takes. */
export function showRange(filter) {
  range = rangeOf(filter);
  whole = !filter.sport.length && !filter.where;
  draw();
}

/** Show how far playing has come; null: it is not playing. */
export function showHead(day) {
  head = day;
  draw();
}

const share = (day) => (day - first) / Math.max(1, last - first + 1);

function draw() {
  if (!days.length) return;
  const [from, to] = range;
  const until = head === null ? to : Math.min(to, head);
  $("from").style.left = $("span").style.left = `${share(from) * 100}%`;
  $("to").style.left = `${share(to + 1) * 100}%`;
  $("span").style.width = `${(share(to + 1) - share(from)) * 100}%`;
  for (const [id, day] of [["from", from], ["to", to]]) {
    const handle = $(id);
    handle.setAttribute("aria-valuemin", first);
    handle.setAttribute("aria-valuemax", last);
    handle.setAttribute("aria-valuenow", day);
    handle.setAttribute("aria-valuetext", dayText(day));
  }
  $("time-label").textContent = head === null ? spanText(from, to) : dayText(until);
  const among = days.reduce((sum, [day, n]) => sum + (day >= from && day <= until ? n : 0), 0);
  $("time-count").textContent = head !== null && whole ? counted(among, "activity") : "";
  paint(from, until);
}

const spanText = (from, to) => (from <= first && to >= last ? `${dayText(first)} – ${dayText(last)}` : `${dayText(from)} – ${dayText(to)}`);

function paint(from, until) {
  const canvas = $("histogram");
  const width = canvas.clientWidth;
  const height = canvas.clientHeight;
  if (!width) return;
  const ratio = devicePixelRatio;
  canvas.width = width * ratio;
  canvas.height = height * ratio;
  const pen = canvas.getContext("2d");
  pen.scale(ratio, ratio);
  const n = Math.max(12, Math.min(Math.floor(width / 5), last - first + 1));
  const bins = new Float64Array(n);
  for (const [day, amount] of days) bins[Math.min(n - 1, Math.floor(share(day) * n))] += amount;
  const most = Math.max(...bins);
  const style = getComputedStyle(canvas);
  const [lit, dim] = [style.getPropertyValue("--accent"), style.getPropertyValue("--dim")];
  const step = width / n;
  bins.forEach((amount, i) => {
    if (!amount) return;
    const middle = first + ((i + 0.5) / n) * (last - first + 1);
    pen.fillStyle = middle >= from && middle <= until + 1 ? lit : dim;
    const tall = Math.max(2, Math.sqrt(amount / most) * (height - 2));
    pen.beginPath();
    pen.roundRect(i * step + 0.5, height - tall, Math.max(1.5, step - 1.5), tall, 1.2);
    pen.fill();
  });
  years();
}

const NAMED = 36; // pixels that a year's number takes, with some air

/** Name years beneath the histogram, quarters where there is room, and on a narrow screen only some years. */
function years() {
  const months = ((last - first + 1) / 365.25) * 12;
  const apart = (step) => ($("years").clientWidth / months) * step;
  const step = [3, 6, 12, 24, 60, 120, 240, 600].find((step) => apart(step) >= NAMED) || 1200;
  const marks = [];
  const [from, to] = [first, last].map((day) => new Date(day * 86400000).getUTCFullYear());
  for (let month = Math.ceil((from * 12) / step) * step; month < (to + 1) * 12; month += step) {
    const day = Date.UTC(Math.floor(month / 12), month % 12, 1) / 86400000;
    if (day <= first || day >= last || share(day) > 0.96) continue;
    const text = month % 12 ? { 3: "Apr", 6: "Jul", 9: "Oct" }[month % 12] : String(month / 12);
    const mark = make("span", { className: month % 12 ? "" : "year" }, text);
    mark.style.left = `${share(day) * 100}%`;
    marks.push(mark);
  }
  const shown = marks.map((mark) => mark.textContent).join();
  if ($("years").textContent !== shown.replaceAll(",", "")) $("years").replaceChildren(...marks);
}

function handleMoves(id, end) {
  const handle = $(id);
  const put = (day) => {
    const next = [...range];
    next[end] = Math.round(day);
    next[0] = Math.max(first, Math.min(next[0], end ? next[0] : next[1]));
    next[1] = Math.min(last, Math.max(next[1], end ? next[0] : next[1]));
    range = next;
    draw();
    changed(range);
  };
  drag(handle, (x) => put(dayAt(x) - (end ? 1 : 0)));
  handle.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -30, PageUp: 30 }[event.key];
    if (step) put(range[end] + step * (event.shiftKey ? 7 : 1));
    else if (event.key === "Home") put(end ? range[0] : first);
    else if (event.key === "End") put(end ? last : range[1]);
    else return;
    event.preventDefault();
  });
}

const dayAt = (x) => {
  const box = $("bars").getBoundingClientRect();
  return first + Math.min(1, Math.max(0, (x - box.left) / box.width)) * (last - first + 1);
};

function drag(element, moved) {
  element.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    element.setPointerCapture(event.pointerId);
    element.focus({ preventScroll: true });
    const move = (now) => moved(now.clientX, event);
    element.addEventListener("pointermove", move);
    const up = () => element.removeEventListener("pointermove", move);
    element.addEventListener("pointerup", up, { once: true });
    element.addEventListener("pointercancel", up, { once: true });
  });
}

handleMoves("from", 0);
handleMoves("to", 1);
let grabbed = null;
drag($("span"), (x, start) => {
  if (grabbed?.start !== start) grabbed = { start, range };
  const [from, to] = grabbed.range;
  const by = Math.round(dayAt(x) - dayAt(start.clientX));
  const held = Math.max(first - from, Math.min(last - to, by));
  range = [from + held, to + held];
  draw();
  changed(range);
});
new ResizeObserver(later(60, draw)).observe($("histogram"));
