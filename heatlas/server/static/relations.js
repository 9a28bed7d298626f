/** Measures of two metrics, as they are written: corr(x,y), slope(y~x), both(x,y); and of two sides, diff(mean; a; b). */

const FORM = /^(\w+)\((\w+)([,~])(\w+)\)$/;
const SIDES = /^\s*diff\s*\((.*)\)\s*$/is;
const BETWEEN = /;(?=(?:[^'"]|'[^']*'|"[^"]*")*$)/; // a semicolon, but for one in quotes

let metrics = new Map();
let relations = new Map();
let differing = new Set();

/** Take the metrics and relations of a library, and the measures of which a difference can be shown. */
export function knowRelations(library) {
  metrics = new Map((library.metrics ?? []).map((one) => [one.name, one]));
  relations = new Map((library.relations ?? []).map((one) => [one.name, one]));
  differing = new Set((library.measures ?? []).filter((one) => one.difference).map(({ name }) => name));
}

export const allMetrics = () => [...metrics.values()];

/** Whether two sides of a measure can be compared: of means and shares. */
export const differs = (measure) => differing.has(measure) && relations.has("diff");

/** Relations that a measure can have. */
export const relationsFor = (measure) =>
  [...relations.values()].filter(({ name }) => (name === "diff" ? differs(measure) : metrics.has(measure) && metrics.size > 1));

/**
 * What a measure is made of: its metric ("" if it has none that can be related), a relation or "", the other metric, and the filters
 * of a difference [first, second].
 */
export function partsOf(measure) {
  const [, inside] = measure.match(SIDES) ?? [];
  const sides = inside === undefined ? [] : inside.split(BETWEEN).map((part) => part.trim());
  if (sides.length === 3) {
    const metric = sides[0].replace(/^mean\((\w+)\)$/, "$1");
    return { relation: "diff", metric, other: "", sides: sides.slice(1) };
  }
  const [, relation, first, sign, second] = measure.replaceAll(" ", "").match(FORM) ?? [];
  if (relations.has(relation) && metrics.has(first) && metrics.has(second)) {
    const [metric, other] = sign === "~" || relation !== "slope" ? [first, second] : [second, first];
    return { relation, metric, other, sides: [] };
  }
  const metric = measure.replace(/^\w+\((\w+)\)$/, "$1");
  return { relation: "", metric: metrics.has(metric) ? metric : differs(measure) ? measure : "", other: "", sides: [] };
}

/** Whether a measure shows two metrics at once, in 3 x 3 classes. */
export const isBoth = (measure) => partsOf(measure).relation === "both" || /^both\(/.test(measure);

/** The measure that relates a metric to another, or its two sides; without a relation, the metric itself. */
export function measureOf({ relation, metric, other, sides }) {
  if (!relation) return metric;
  if (relation === "diff") return `diff(${[metric, ...sides].join("; ")})`;
  return relation === "slope" ? `slope(${metric}~${other})` : `${relation}(${metric},${other})`;
}

/** The metric that one most likely wants to see against another. */
export const partnerOf = (metric) =>
  ["heart_rate", "pace", ...metrics.keys()].find((name) => name !== metric && metrics.has(name)) ?? "";

/** The relation of a measure, or null. */
export const relationOf = (measure) => relations.get(partsOf(measure).relation) ?? null;
