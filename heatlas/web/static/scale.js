/** A scale for people: its title, its colours and its numbers. */

import { make } from "./dom.js";

/** Whether anything is drawn with a scale. */
export const drawn = (scale) => Boolean(scale && !scale.error && scale.low !== null);

/** What the colours mean; a scale whose title says its unit has no other. */
export const titleOf = ({ title, unit }) => (unit ? `${title}, ${unit}` : title);

/** Colours as a CSS gradient. */
export const gradient = (colors) => `linear-gradient(to right, ${colors.join(", ")})`;

/** Colours as [position, colour], for a canvas. */
export const gradientStops = (colors) => colors.map((color, i) => [i / (colors.length - 1), color]);

/** Show a scale's colours in a bar; null: none. */
export function paintBar(bar, scale) {
  bar.style.background = scale ? gradient(scale.colors) : "none";
  bar.setAttribute("aria-label", scale ? `${titleOf(scale)} from ${scale.low_text} to ${scale.high_text}` : "no colours");
}

/** Numbers of a scale as [position, text]. */
export const ticksOf = (scale) =>
  scale.ticks?.length ? scale.ticks : [[0, scale.low_text], [1, scale.high_text]];

/** Leave out numbers that would run into the one before, in a row of so many pixels. */
export function spread(ticks, { width = 250, letter = 6.4, gap = 8 } = {}) {
  const kept = [];
  let end = -Infinity;
  for (const [position, text] of [...ticks].sort((one, other) => one[0] - other[0])) {
    const size = text.length * letter;
    const start = position * (width - size);
    if (start < end + gap) continue;
    kept.push([position, text]);
    end = start + size;
  }
  return kept;
}

/** Numbers of a scale as elements, each at its position; `room` is that of `spread`. */
export const tickElements = (scale, room) =>
  spread(ticksOf(scale), room).map(([position, text]) => {
    const tick = make("span", {}, text);
    tick.style.left = `${position * 100}%`;
    tick.style.transform = `translateX(${-position * 100}%)`;
    return tick;
  });
