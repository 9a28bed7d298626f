/** A scale for people: its title, its colours and its numbers. */

import { make } from "./dom.js";

/** Whether anything is drawn with a scale. */
export const drawn = (scale) => Boolean(scale && !scale.error && scale.low !== null);

/** What the colours mean; a scale whose title says its unit has no other. */
export const titleOf = ({ title, unit }) => (unit ? `${title}, ${unit}` : title);

/** Sentences on what is left out of the maps of [[side, scale], ...], each once; what holds of one map alone names it. */
export function leftOut(scales, names = {}) {
  const found = new Map(); // sentence -> sides
  for (const [side, scale] of scales) for (const said of scale?.left_out ?? []) found.set(said, [...(found.get(said) ?? []), side]);
  return [...found].map(([said, sides]) => `${sides.length < scales.length ? `${names[sides[0]]}: ` : ""}${said}.`);
}

/** Colours as a CSS gradient. */
export const gradient = (colors) => `linear-gradient(to right, ${colors.join(", ")})`;

/** Colours as [position, colour], for a canvas. */
export const gradientStops = (colors) => colors.map((color, i) => [i / (colors.length - 1), color]);

/** Whether a scale goes round: then its legend is a ring. */
export const isRing = (scale) => scale?.kind === "ring";

/** Whether the colours of a scale are a bar, with numbers below. */
export const hasTicks = (scale) => scale?.kind !== "ring" && scale?.kind !== "square";

/** Colours of a whole ring, clockwise from the top: those of a scale as often as its period fits. */
export const ringColors = ({ colors, turns = 1 }) => Array.from({ length: turns }, () => colors).flat();

/** Labels of a ring as [share of the full turn, text]. */
export const ringTicks = ({ ticks, turns = 1 }) => ticks.map(([place, text]) => [place / turns, text]);

/** Radius of a ring, its width, and the way to its labels, pixels. */
export const RING = { radius: 39, width: 12, gap: 6 };

/** How a legend of a kind is painted into an element. */
const PAINTERS = { bar: paintGradient, ring: paintRing, square: paintSquare };

/** Show a scale's colours in an element, as its kind asks for; null: none. For `cells` see `paintSquare`. */
export function paintBar(bar, scale, cells) {
  bar.replaceChildren();
  bar.removeAttribute("style");
  bar.setAttribute("role", scale?.kind === "square" && cells ? "group" : "img");
  (PAINTERS[scale?.kind] ?? paintGradient)(bar, scale, cells);
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

/** Side of a cell of a square, pixels. */
export const CELL = 34;

/**
 * 3 x 3 colours of two metrics: columns by the first, rows by the second, both rising.
 *
 * With `cells` they are buttons: `cells.pick(number)` is called with the class of one that is chosen, and those in the
 * set `cells.shown` stand out, or all if it is empty.
 */
function paintSquare(box, { square, ...scale }, cells) {
  const { x, y, colors } = square;
  const grid = make("div");
  Object.assign(grid.style, {
    display: "grid", gridTemplateColumns: `max-content repeat(3, ${CELL}px)`, gridAutoRows: `${CELL}px`, width: "max-content",
    fontSize: "12px", lineHeight: "1.2",
  });
  for (const row of [2, 1, 0]) {
    grid.append(text(row ? y.limits[row - 1] : "", { alignSelf: "end", textAlign: "right", paddingRight: "6px", transform: "translateY(50%)" }));
    for (const column of [0, 1, 2]) grid.append(cell(3 * row + column));
  }
  grid.append(make("span"), ...x.limits.map((limit) => text(limit, { justifySelf: "end", transform: "translateX(50%)", paddingTop: "3px" })));
  const axis = (words, style) => text(words, { display: "block", fontSize: "12px", opacity: "0.75", ...style });
  Object.assign(box.style, { height: "auto", background: "none", boxShadow: "none", borderRadius: "0" });
  box.replaceChildren(axis(y.title, { marginBottom: "4px" }), grid, axis(x.title, { marginTop: "-10px" }));
  box.setAttribute("aria-label", `${titleOf(scale)}: ${x.title} by ${y.title}`);

  function text(words, style) {
    const element = make("span", {}, words);
    Object.assign(element.style, style);
    return element;
  }

  function cell(number) {
    const words = `${x.title} ${x.ranges[number % 3]}; ${y.title} ${y.ranges[Math.floor(number / 3)]}`;
    const element = make(cells ? "button" : "span", { title: words, ariaLabel: words });
    const dim = cells?.shown.size && !cells.shown.has(number);
    Object.assign(element.style, {
      background: colors[number], opacity: dim ? "0.22" : "1", border: "0", borderRadius: "0", padding: "0", minHeight: "0",
      cursor: cells ? "pointer" : "default",
    });
    if (!cells) return element;
    element.type = "button";
    element.ariaPressed = String(cells.shown.has(number));
    element.addEventListener("click", () => cells.pick(number));
    return element;
  }
}

const TOP = 0.995; // a number from here on is that of the top

/** Numbers of a scale as [position, text]; the top has one whatever the others are. */
export function ticksOf({ ticks, low_text: low, high_text: high }) {
  if (!ticks?.length) return [[0, low], [1, high]];
  return !high || ticks.some(([position, text]) => position >= TOP || text === high) ? ticks : [...ticks, [1, high]];
}

/** Leave out numbers that would run into the one before, or into that of the top, in a row of so many pixels. */
export function spread(ticks, { width = 250, letter = 6.4, gap = 8 } = {}) {
  const all = [...ticks].sort((one, other) => one[0] - other[0]);
  const size = (text) => text.length * letter;
  const start = ([position, text]) => position * (width - size(text));
  const last = all.length > 1 && all.at(-1)[0] >= TOP ? all.pop() : null;
  const room = last ? start(last) - gap : Infinity;
  const kept = [];
  let end = -Infinity;
  for (const tick of all) {
    if (start(tick) < end + gap || start(tick) + size(tick[1]) > room) continue;
    kept.push(tick);
    end = start(tick) + size(tick[1]);
  }
  return last ? [...kept, last] : kept;
}

/** Numbers of a scale as elements, each at its position; `room` is that of `spread`. Only a bar has any. */
export const tickElements = (scale, room) =>
  !hasTicks(scale) ? [] : spread(ticksOf(scale), room).map(([position, text]) => {
    const tick = make("span", {}, text);
    tick.style.left = `${position * 100}%`;
    tick.style.transform = `translateX(${-position * 100}%)`;
    return tick;
  });
