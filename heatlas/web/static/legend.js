/** The legend: true numbers, for the zoom and the filter that one looks at. */

import { $, count, counted, make } from "./dom.js";

const SIDES = { a: "Left", b: "Right" };

/** Show one scale, or one for each of two maps unless they share one. `scales` is [[side, answer or error], ...]. */
export function showLegend(scales, shared = false) {
  const box = $("legend");
  const good = scales.filter(([, scale]) => drawn(scale));
  const one = shared && good.length > 0; // a server that has gone meanwhile gives none
  const several = scales.length > 1 && !one;
  box.hidden = !scales.length;
  const first = good[0]?.[1];
  $("legend-title").textContent = first ? titleOf(first) : "Nothing here";
  const counts = good.filter(([, scale]) => Number.isFinite(scale.activities));
  const numbers = counts.map(([, scale]) => scale.activities);
  $("legend-count").textContent =
    first?.points ? counted(first.points, "point")
    : numbers.length > 1 ? `${count(numbers[0])} | ${counted(numbers[1], "activity")}`
    : numbers.length ? counted(numbers[0], "activity") : "";
  $("legend-bar").style.background = first ? gradient(first.colors) : "none";
  $("legend-bar").setAttribute(
    "aria-label",
    first ? `${titleOf(first)} from ${first.low_text} to ${first.high_text}` : "no colours",
  );
  $("legend-ticks").replaceChildren(
    ...(one ? [good[0]] : scales).map(([side, scale]) => row(scale, several ? SIDES[side] : "")),
  );
  box.classList.toggle("two", several);
}

/** Whether anything is drawn with a scale. */
export const drawn = (scale) => Boolean(scale && !scale.error && scale.low !== null);

/** What the colours mean; the unit once. */
export const titleOf = ({ title, unit }) =>
  !unit || title.toLowerCase().includes(unit.toLowerCase()) ? title : `${title}, ${unit}`;

/** Colours as a CSS gradient. */
export const gradient = (colors) => `linear-gradient(to right, ${colors.join(", ")})`;

/** Colours as [position, colour], for a canvas. */
export const gradientStops = (colors) => colors.map((color, i) => [i / (colors.length - 1), color]);

function row(scale, name) {
  const line = make("div", { className: "ticks" });
  if (name) line.append(make("b", {}, name));
  if (!drawn(scale)) {
    line.append(make("span", { className: "alone" }, scale?.error ?? "No activity matches the filters."));
    return line;
  }
  for (const [position, text] of spread(ticksOf(scale))) {
    const tick = make("span", {}, text);
    tick.style.left = `${position * 100}%`;
    tick.style.transform = `translateX(${-position * 100}%)`;
    line.append(tick);
  }
  return line;
}

export const ticksOf = (scale) =>
  scale.ticks?.length ? scale.ticks : [[0, scale.low_text], [1, scale.high_text]];

/** Leave out ticks that would run into the one before. */
export function spread(ticks, width = 250, perLetter = 6.4) {
  const kept = [];
  let end = -Infinity;
  for (const [position, text] of [...ticks].sort((one, other) => one[0] - other[0])) {
    const size = text.length * perLetter;
    const start = position * (width - size);
    if (start < end + 8) continue;
    kept.push([position, text]);
    end = start + size;
  }
  return kept;
}

// A legend of two scales, or of a sentence, is taller: on a phone the tags of two maps hang beneath it.
const tell = () => document.documentElement.style.setProperty("--legend", `${$("legend").offsetHeight}px`);
new ResizeObserver(tell).observe($("legend"));
