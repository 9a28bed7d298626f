/** The days of the library: bars, a range that can be dragged, and a head that plays how the map filled up. */

import { dayText, fromDay, toDay } from "./units.js";
import { $, counted, later, make, phone } from "./web/dom.js";

const month = new Intl.DateTimeFormat("en-GB", { month: "short", year: "numeric", timeZone: "UTC" });
const dateOf = (day) => new Date(day * 86400000);
/** First day of a month that is counted from the year 0. */
const monthsDay = (n) => Date.UTC(Math.floor(n / 12), n % 12, 1) / 86400000;

/** What is chosen, and how far keys go: `of` numbers the unit of a day, `first` and `last` are its days. */
const DAYS = { of: Math.floor, first: (n) => n, last: (n) => n, text: dayText, days: 1, page: 30, shift: 7, bars: 12 };
const MONTHS = {
  of: (day) => dateOf(day).getUTCFullYear() * 12 + dateOf(day).getUTCMonth(),
  first: monthsDay,
  last: (n) => monthsDay(n + 1) - 1,
  text: (day) => month.format(dateOf(day)),
  days: 365.25 / 12,
  page: 12,
  shift: 3,
  bars: 1,
};
let unit = DAYS;
let days = [];
let seen = null; // days of what is in view; null: those of all are shown
let first = 0;
let last = 0;
let range = [0, 0];
let none = false; // no day of the library is taken: a link may say such dates
let head = null;
let untouched = true; // no filter but the dates: then the days tell how many there are
let noun = "activity"; // what there are so many of
let changed = () => {};

export const bounds = () => [first, last];

const within = (day) => Math.min(last, Math.max(first, day));

/** First and last day that a filter says; a link may say any. */
const saidBy = ({ after, before }) => whole([after ? toDay(after) : first, before ? toDay(before) - 1 : last]);

/** First and last day that a filter takes, of those that the library has. */
export function rangeOf(filter) {
  const [from, to] = saidBy(filter).map(within);
  return [from, Math.max(from, to)];
}

/** A filter's dates for days from..to, both included; what reaches the ends is left open. */
export function datesOf(days) {
  const [from, to] = whole(days);
  return { after: from <= first ? "" : fromDay(from), before: to >= last ? "" : fromDay(to + 1) };
}

/** Days from..to as whole units of what is chosen. */
const whole = ([from, to]) => [unit.first(unit.of(from)), unit.last(unit.of(to))];

/**
 * Take the days of a library, or of a point set: [["2024-05-01", n], ...]. `moved(range)` is told what is dragged.
 * Of a public map only months are known, each as its first day: whole months are chosen then.
 */
export function openTimeline(pairs, moved, { byMonth = false, of = "activity" } = {}) {
  changed = moved;
  noun = of;
  unit = byMonth ? MONTHS : DAYS;
  seen = null;
  days = pairs.map(([text, n]) => [toDay(text), n]).filter(([day]) => Number.isFinite(day));
  showTimeline(true);
  if (!days.length) return;
  first = days[0][0];
  last = unit.last(unit.of(days.at(-1)[0]));
  range = [first, last];
  draw();
}

/** Show the days of what is in view, [["2024-05-01", n], ...]; null: of all that there is. */
export function showDays(pairs) {
  seen = pairs?.map(([text, n]) => [toDay(text), n]) ?? null;
  draw();
}

/** Show the days where there are any; points may have none. */
const showTimeline = (wanted) => ($("timeline").hidden = !wanted || days.length < 2);

/** Show which days a filter takes. */
export function showRange(filter) {
  range = rangeOf(filter);
  const [from, to] = saidBy(filter);
  none = from > last || to < first || from > to;
  untouched = !filter.sport.length && !filter.where;
  draw();
}

let tellHead = () => {};

/** Call with each day to which playing comes, and with null when it ends. */
export const whenHead = (call) => (tellHead = call);

/** Show how far playing has come; null: it is not playing. */
export function showHead(day) {
  head = day === null ? null : unit.last(unit.of(day));
  tellHead(day);
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
    handle.setAttribute("aria-valuetext", unit.text(day));
  }
  $("time-label").textContent = head === null ? spanText(from, to) : unit.text(until);
  const among = (seen ?? days).reduce((sum, [day, n]) => sum + (day >= from && day <= until ? n : 0), 0);
  $("time-count").textContent = seen ? `${phone.matches ? among : counted(among, noun)} in view` : head !== null && untouched ? counted(among, noun) : "";
  paint(from, until);
}

function spanText(from, to) {
  if (none) return "No days of this library";
  const texts = [from, to].map(unit.text);
  return (texts[0] === texts[1] ? texts.slice(1) : texts).join(" – ");
}

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
  const n = Math.max(unit.bars, Math.min(Math.floor(width / 5), unit.of(last) - unit.of(first) + 1));
  const bins = new Float64Array(n);
  for (const [day, amount] of seen ?? days) bins[Math.min(n - 1, Math.max(0, Math.floor(share(day + unit.days / 2) * n)))] += amount;
  const most = Math.max(1, ...bins);
  const style = getComputedStyle(canvas);
  const [lit, dim] = [style.getPropertyValue("--accent"), style.getPropertyValue("--dim")];
  const step = width / n;
  bins.forEach((amount, i) => {
    if (!amount) return;
    const middle = first + ((i + 0.5) / n) * (last - first + 1);
    pen.fillStyle = !none && middle >= from && middle <= until + 1 ? lit : dim;
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
  const [from, to] = [first, last].map((day) => dateOf(day).getUTCFullYear());
  for (let month = Math.ceil((from * 12) / step) * step; month < (to + 1) * 12; month += step) {
    const day = monthsDay(month);
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
  const put = (units) => {
    const [from, to] = range.map(unit.of);
    const held = end ? Math.max(from, Math.min(unit.of(last), units)) : Math.max(unit.of(first), Math.min(to, units));
    choose(end ? [from, held] : [held, to]);
  };
  // To the nearest bound of a unit; the last day is the one before it.
  drag(handle, (x) => put(unit.of(dayAt(x) + unit.days / 2) - end));
  handle.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -unit.page, PageUp: unit.page }[event.key];
    if (step) put(unit.of(range[end]) + step * (event.shiftKey ? unit.shift : 1));
    else if (event.key === "Home") put(unit.of(end ? range[0] : first));
    else if (event.key === "End") put(unit.of(end ? last : range[1]));
    else return;
    event.preventDefault();
  });
}

/** Take units from..to, both included. */
function choose([from, to]) {
  range = [unit.first(from), unit.last(to)];
  none = false;
  draw();
  changed(range);
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
  const [from, to] = grabbed.range.map(unit.of);
  const by = Math.round((dayAt(x) - dayAt(start.clientX)) / unit.days);
  const held = Math.max(unit.of(first) - from, Math.min(unit.of(last) - to, by));
  choose([from + held, to + held]);
});
new ResizeObserver(later(60, draw)).observe($("histogram"));
