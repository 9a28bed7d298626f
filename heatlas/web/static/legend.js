/** The legend of a page: true numbers, for the zoom and the filter that one looks at. */

import { $, count, counted, make } from "./dom.js";
import { drawn, hasTicks, isRing, leftOut, paintBar, tickElements, titleOf } from "./scale.js";

const FEW = "Too little is known to show this.";
const SIDES = { a: "Left", b: "Right" };

/**
 * Show one scale, or one for each of two maps unless they share one. `scales` is [[side, answer or error], ...]; for `cells` see `paintBar`.
 *
 * A page that knows what is in view says so: `told.count` in place of the number of all, and `told.rows`, elements below.
 */
export function showLegend(scales, shared = false, cells = null, told = {}) {
  const box = $("legend");
  const good = scales.filter(([, scale]) => drawn(scale));
  // A server that has gone meanwhile gives none. What goes round has one scale for all.
  const alike = good.length === scales.length && good.every(([, scale]) => isRing(scale) || sameRange(scale, good[0][1]));
  const one = (shared || alike) && good.length > 0;
  const several = scales.length > 1 && !one;
  box.hidden = !scales.length;
  const first = good[0]?.[1];
  $("legend-title").textContent = first ? titleOf(first) : "Nothing here";
  const counts = good.filter(([, scale]) => Number.isFinite(scale.activities));
  const numbers = counts.map(([, scale]) => scale.activities);
  $("legend-count").textContent =
    first && told.count ? told.count
    : first?.points ? counted(first.points, "point")
    : numbers.length > 1 ? `${count(numbers[0])} | ${counted(numbers[1], "activity")}`
    : numbers.length ? counted(numbers[0], "activity") : "";
  const note = one && scales.length > 1 && first.square ? "Both maps have these limits, halfway between the thirds of each." : first?.note;
  paintBar($("legend-bar"), first, cells);
  $("legend-ticks").replaceChildren(
    ...(one ? [good[0]] : scales).filter(([, scale]) => several || !drawn(scale) || hasTicks(scale))
      .map(([side, scale]) => row(scale, several ? SIDES[side] : "")),
    ...[...(note ? [note] : []), ...leftOut(scales, SIDES)].map((words) => make("div", { className: "legend-note" }, words)),
    ...(first ? told.rows ?? [] : []),
  );
  box.classList.toggle("two", several);
}

/** Whether two scales have one range, as when it is set. */
const sameRange = (one, other) => one.low === other.low && one.high === other.high && !one.square;

function row(scale, name) {
  const line = make("div", { className: "ticks" });
  if (name) line.append(make("b", {}, name));
  if (drawn(scale) && scale.square) line.append(make("span", { className: "alone" }, limits(scale.square)));
  else if (drawn(scale)) line.append(...tickElements(scale));
  else line.append(make("span", { className: "alone" }, scale?.error ?? (scale?.activities ? FEW : "No activity matches the filters.")));
  return line;
}

/** Values between the thirds of two metrics, in words. */
const limits = ({ x, y }) => [x, y].map((axis) => axis.limits.join(" and ")).join("; ");

// A legend of two scales, or of a sentence, is taller: on a phone the tags of two maps hang beneath it.
const tell = () => document.documentElement.style.setProperty("--legend", `${$("legend").offsetHeight}px`);
new ResizeObserver(tell).observe($("legend"));
