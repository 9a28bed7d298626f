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
  return (pointsOf() ? [dates] : [dates, filter.sport.join(", "), filter.where]).filter(Boolean).join(" · ");
};

/** Show the second map and what each is of, or take it away. */
export async function showCompare(now, library) {
  const map = await maps.compare(Boolean(now.b));
  if (!now.b) return heatOn("b", null);
  if (!state.get().b) return; // left again while the second map was made
  if (map) {
    heatOn("b", map);
    showBase(now, library);
  }
  maps.divide(now.split);
  $("tag-a").textContent = tagOf(now.a);
  $("tag-b").textContent = tagOf(now.b);
}

let alone = null; // the filter before two were compared

/** Begin to compare: the year before beside what is shown; or stop, and give back what was there. */
export function toggleCompare() {
  const now = state.get();
  if (now.b) return state.set({ a: alone ?? now.a, b: null, side: "a" });
  alone = now.a;
  const [first, last] = bounds();
  let [from, to] = rangeOf(now.a);
  if (to - from > 366 && from === first && to === last) from = last - 364;
  const before = datesOf([Math.max(first, from - 365), Math.max(first, from - 1)]);
  return state.set({ a: { ...now.a, ...before }, b: { ...now.a, ...datesOf([from, to]) }, side: "b", split: phone.matches ? 0.5 : 0.6 });
}
