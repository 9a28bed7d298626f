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

/** Whether a scale goes round: then its legend is a ring. */
export const isRing = (scale) => scale?.kind === "ring";

/** Colours of a whole ring, clockwise from the top: those of a scale as often as its period fits. */
export const ringColors = ({ colors, turns = 1 }) => Array.from({ length: turns }, () => colors).flat();

/** Labels of a ring as [share of the full turn, text]. */
export const ringTicks = ({ ticks, turns = 1 }) => ticks.map(([place, text]) => [place / turns, text]);

/** Radius of a ring, its width, and the way to its labels, pixels. */
export const RING = { radius: 39, width: 12, gap: 6 };

/** How a legend of a kind is painted into an element. */
const PAINTERS = { bar: paintGradient, ring: paintRing };

/** Show a scale's colours in an element, as its kind asks for; null: none. */
export function paintBar(bar, scale) {
  bar.replaceChildren();
  bar.removeAttribute("style");
  (PAINTERS[scale?.kind] ?? paintGradient)(bar, scale);
}

function paintGradient(bar, scale) {
  bar.style.background = scale ? gradient(scale.colors) : "none";
  bar.setAttribute("aria-label", scale ? `${titleOf(scale)} from ${scale.low_text} to ${scale.high_text}` : "no colours");
}

function paintRing(box, scale) {
  const { radius, width, gap } = RING;
  const line = 17;
  const tall = 2 * (radius + gap + line) - 4;
  Object.assign(box.style, { position: "relative", height: `${tall}px`, background: "none", boxShadow: "none" });
  const wheel = make("span");
  const hole = `radial-gradient(closest-side, transparent ${radius - width - 0.5}px, #000 ${radius - width + 0.5}px)`;
  Object.assign(wheel.style, {
    position: "absolute", left: `calc(50% - ${radius}px)`, top: `${tall / 2 - radius}px`, width: `${2 * radius}px`,
    height: `${2 * radius}px`, borderRadius: "50%", background: `conic-gradient(${ringColors(scale).join(", ")})`,
    maskImage: hole, webkitMaskImage: hole,
  });
  const labels = ringTicks(scale).map(([share, text]) => {
    const [east, north] = [Math.sin(2 * Math.PI * share), Math.cos(2 * Math.PI * share)];
    const label = make("span", {}, text);
    const far = radius + gap;
    Object.assign(label.style, {
      position: "absolute", left: `calc(50% + ${(east * far).toFixed(1)}px)`, top: `${(tall / 2 - north * (far - 2)).toFixed(1)}px`,
      transform: `translate(${(-50 + 50 * east).toFixed(1)}%, ${(-50 - 50 * north).toFixed(1)}%)`,
      fontSize: "12px", lineHeight: `${line}px`, whiteSpace: "nowrap",
    });
    return label;
  });
  box.replaceChildren(wheel, ...labels);
  box.setAttribute("aria-label", `${titleOf(scale)}, clockwise from the top: ${scale.ticks.map(([, text]) => text).join(", ")}`);
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

/** Numbers of a scale as elements, each at its position; `room` is that of `spread`. A ring has its own. */
export const tickElements = (scale, room) =>
  isRing(scale) ? [] : spread(ticksOf(scale), room).map(([position, text]) => {
    const tick = make("span", {}, text);
    tick.style.left = `${position * 100}%`;
    tick.style.transform = `translateX(${-position * 100}%)`;
    return tick;
  });
