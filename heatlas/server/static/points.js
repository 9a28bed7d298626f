/** Point sets among the measures: which one is shown, and what can be said of it. */

import { get } from "./state.js";
import { addsUp } from "./web/kernels.js";

let sets = new Map();
let owners = new Map(); // measure -> name of its point set

/** Take the point sets and the measures of a library. */
export function knowPoints(library) {
  sets = new Map((library.point_sets ?? []).map((set) => [set.name, set]));
  owners = new Map(library.measures.filter(({ points }) => points).map(({ name, points }) => [name, points]));
}

/** The point set that a measure is of, or null: it is of tracks. */
export const pointsOf = (measure = get().measure) => sets.get(owners.get(measure)) ?? null;

/** The days on which points of a set lie: [["2024-05-01", n], ...]; none where no times were imported. */
export const daysOf = (points) => points.days ?? [];

/** How a state asks for points: filtered by time alone, as the points of a pixel are added up already. */
export const pointStyle = ({ measure, colormap, tone, radius, kernel, density }) => ({
  points: true, timed: daysOf(pointsOf(measure)).length > 0, colormap, tone, radius, kernel, density: addsUp(measure) ? density : "",
});
