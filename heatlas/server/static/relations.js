/** Measures of two metrics, as they are written: corr(x,y), slope(y~x), both(x,y). */

const FORM = /^(\w+)\((\w+)([,~])(\w+)\)$/;

let metrics = new Map();
let relations = new Map();

/** Take the metrics and relations of a library. */
export function knowRelations(library) {
  metrics = new Map((library.metrics ?? []).map((one) => [one.name, one]));
  relations = new Map((library.relations ?? []).map((one) => [one.name, one]));
}

export const allMetrics = () => [...metrics.values()];
export const allRelations = () => [...relations.values()];

/** What a measure is made of: its metric ("" if it has none that can be related), a relation or "", and the other metric. */
export function partsOf(measure) {
  const [, relation, first, sign, second] = measure.replaceAll(" ", "").match(FORM) ?? [];
  if (relations.has(relation) && metrics.has(first) && metrics.has(second)) {
    const [metric, other] = sign === "~" || relation !== "slope" ? [first, second] : [second, first];
    return { relation, metric, other };
  }
  const metric = measure.replace(/^\w+\((\w+)\)$/, "$1");
  return { relation: "", metric: metrics.has(metric) ? metric : "", other: "" };
}

/** Whether a measure shows two metrics at once, in 3 x 3 classes. */
export const isBoth = (measure) => partsOf(measure).relation === "both" || /^both\(/.test(measure);

/** The measure that relates a metric to another; without a relation, the metric itself. */
export function measureOf({ relation, metric, other }) {
  if (!relation) return metric;
  return relation === "slope" ? `slope(${metric}~${other})` : `${relation}(${metric},${other})`;
}

/** The metric that one most likely wants to see against another. */
export const partnerOf = (metric) =>
  ["heart_rate", "pace", ...metrics.keys()].find((name) => name !== metric && metrics.has(name)) ?? "";

/** The relation of a measure, or null. */
export const relationOf = (measure) => relations.get(partsOf(measure).relation) ?? null;
