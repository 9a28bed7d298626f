/** How heat is drawn, and the one tone of two maps. */

import { pointsOf, pointStyle } from "./points.js";
import { isBoth, relationOf } from "./relations.js";
import { shownMeasure } from "./scatter.js";
import { get, theme } from "./state.js";
import { addsUp } from "./web/kernels.js";
import { drawn, hasTicks } from "./web/scale.js";

/** Colours that replace those of a measure on a light ground, where there are any. */
function brightOf(measure, points, measures) {
  if (points) return !addsUp(measure) ? "berry" : points.signed && measure.startsWith("sum") ? "" : "wine";
  const of = /^(?:mean|min|max|std)\((\w+)\)$/.exec(measure)?.[1];
  const known = measures.find(({ name }) => name === measure) ?? relationOf(measure) ?? measures.find(({ name }) => name === of);
  return known?.bright ?? (/^(share|sum)\(/.test(measure) ? "wine" : of ? "berry" : "");
}

/** How heat is drawn: on a light ground the default colours are ones that darken. */
export function styleOf(measures, now = get()) {
  const points = pointsOf(now.measure);
  if (isBoth(shownMeasure(now))) return { classes: now.classes, tone: toneOf(now), smooth: now.smooth }; // it has colours of its own
  const colormap = now.colormap || (theme() === "light" ? brightOf(shownMeasure(now), points, measures) : "");
  return points ? pointStyle({ ...now, colormap }) : { colormap, tone: toneOf(now), smooth: now.smooth };
}

/** The tone that is set, where it is one for what is shown: of two metrics at once what lies between their thirds. */
export const toneOf = (now) => (isBoth(shownMeasure(now)) === now.tone.includes(",") ? now.tone : "");

/** Classes of two metrics that are shown; empty: all. */
export const classesOf = ({ classes }) => new Set(classes.split(",").filter(Boolean).map(Number));

/** A tone that spans the ranges of all sides; a rank has no range, and what the user has fixed stays. */
export function commonTone(now, found) {
  const good = found.map(([, one]) => one).filter(drawn);
  if (good[0]?.square) return toneOf(now) || commonThirds(good.map(({ square }) => square));
  const curve = toneOf(now) || good[0]?.curve;
  if (!hasTicks(good[0])) return null;
  if (!good.length || !["log", "linear", "sqrt"].includes(curve)) return null;
  const [low, high] = [Math.min(...good.map((one) => one.low)), Math.max(...good.map((one) => one.high))];
  return `${curve}:${Number(low.toPrecision(7))}:${Number(high.toPrecision(7))}`;
}

/** Values between thirds halfway between those of all sides: equal colours are then equal values. */
function commonThirds(squares) {
  const between = (axis) => [0, 1].map((k) => squares.reduce((sum, square) => sum + square[axis].between[k], 0) / squares.length);
  return ["x", "y"].map((axis) => between(axis).map((value) => Number(value.toPrecision(6))).join(":")).join();
}
