/** Two filters side by side. */

import { showBase } from "./base.js";
import { heatOn } from "./drawing.js";
import * as maps from "./maps.js";
import { pointsOf } from "./points.js";
import * as state from "./state.js";
import { bounds, datesOf, rangeOf } from "./timeline.js";
import { $, phone } from "./web/dom.js";

/** What a map is of, in few words; `exact` names the years of all time, too. */
export const tagOf = (filter, exact = false) => {
  const [from, to] = rangeOf(filter);
  const years = [from, to].map((day) => new Date(day * 86400000).getUTCFullYear());
  const dates = exact || filter.after || filter.before ? [...new Set(years)].join("–") : "All time";
  if (filter.name && !pointsOf()) return filter.name;
  return (pointsOf() ? [dates] : [dates, filter.sport.join(", "), filter.where]).filter(Boolean).join(" · ");
};

/** Show the second map and what each is of, or take it away. */
export async function showCompare(now, library) {
  const map = await maps.compare(Boolean(now.b));
  if (!now.b) {
    begun = null;
    return heatOn("b", null);
  }
  if (!state.get().b) return; // left again while the second map was made
  if (map) {
    heatOn("b", map);
    showBase(now, library);
  }
  maps.divide(now.split);
  $("tag-a").textContent = tagOf(now.a);
  $("tag-b").textContent = tagOf(now.b);
}

let begun = null; // the filter before two were compared, and that of the right map then

/** Begin to compare: the year before beside what is shown; or stop, and show what was there, with what was changed of it. */
export function toggleCompare() {
  const now = state.get();
  if (now.b) {
    const a = !begun ? now.a : now.b === begun.b ? begun.was : now.b;
    begun = null;
    return state.set({ a, b: null, side: "a" });
  }
  const [first, last] = bounds();
  let [from, to] = rangeOf(now.a);
  if (to - from > 366 && from === first && to === last) from = last - 364;
  const before = datesOf([Math.max(first, from - 365), Math.max(first, from - 1)]);
  const b = Object.freeze({ ...now.a, ...datesOf([from, to]) });
  begun = { was: now.a, b };
  return state.set({ a: Object.freeze({ ...now.a, ...before, name: "" }), b, side: "b", split: phone.matches ? 0.5 : 0.6 });
}
