/**
 * A filter in CQL2 text as parts that chips can show, and back. What is not written as chips write it stays text.
 *
 * A part is { attribute, kind }, and of kind "values" { values, not }, of "range" { low, high } (either may be null;
 * low counts, high does not), of "flag" { not }.
 */

const NUMBER = String.raw`-?\d+(?:\.\d+)?`;
const VALUE = String.raw`(?:'(?:[^']|'')*'|${NUMBER})`;
const EQUAL = new RegExp(`^(\\w+) = (${VALUE})$`);
const IN = new RegExp(`^(\\w+)( NOT)? IN \\((${VALUE}(?:, ?${VALUE})*)\\)$`);
const EDGE = new RegExp(String.raw`^(\w+) (>=|<) (${NUMBER})(?: (km|m|h|min|s))?$`);
const FLAG = /^(NOT )?(commute|private)$/;
const UNITS = { km: 1000, m: 1, h: 3600, min: 60, s: 1 };
const LENGTHS = new Set(["distance"]);
const TIMES = new Set(["moving_time", "elapsed_time"]);

export const quoted = (text) => `'${String(text).replaceAll("'", "''")}'`;
const literal = (value) => (typeof value === "number" ? String(value) : quoted(value));
const literalValue = (text) => (text.startsWith("'") ? text.slice(1, -1).replaceAll("''", "'") : Number(text));

/** Conditions between the ANDs of the highest level; all of the text where an OR stands there. */
function clauses(text) {
  const words = text.match(/'(?:[^']|'')*'|"[^"]*"|[()]|[^\s()'"]+|\s+/g) ?? [];
  const found = [""];
  let depth = 0;
  let between = false; // whether the next AND belongs to a BETWEEN
  for (const word of words) {
    if (word === "(") depth += 1;
    if (word === ")") depth -= 1;
    const upper = depth === 0 ? word.toUpperCase() : "";
    if (upper === "OR") return [text.trim()];
    if (upper === "BETWEEN") between = true;
    if (upper === "AND" && !between) found.push("");
    else found[found.length - 1] += word;
    if (upper === "AND") between = false;
  }
  return found.map((one) => one.trim()).filter(Boolean);
}

function partOf(clause) {
  let match = FLAG.exec(clause);
  if (match) return { attribute: match[2], kind: "flag", not: Boolean(match[1]) };
  match = EQUAL.exec(clause);
  if (match) return { attribute: match[1], kind: "values", not: false, values: [literalValue(match[2])] };
  match = IN.exec(clause);
  if (match) return { attribute: match[1], kind: "values", not: Boolean(match[2]), values: match[3].match(new RegExp(VALUE, "g")).map(literalValue) };
  match = EDGE.exec(clause);
  if (!match) return null;
  const value = Number((Number(match[3]) * (UNITS[match[4]] ?? 1)).toPrecision(12));
  return { attribute: match[1], kind: "range", low: match[2] === ">=" ? value : null, high: match[2] === "<" ? value : null };
}

/** Read a filter: { parts, rest }, the rest as texts. */
export function readWhere(text) {
  const parts = [];
  const rest = [];
  for (const clause of clauses(text)) {
    const part = partOf(clause);
    const same = part && parts.find(({ attribute, kind, not }) => attribute === part.attribute && kind === part.kind && not === part.not);
    if (!part) rest.push(clause);
    else if (!same) parts.push(part);
    else if (part.kind === "range" && (part.low === null) !== (same.low === null) && (part.high === null) !== (same.high === null)) {
      same.low ??= part.low;
      same.high ??= part.high;
    } else if (part.kind === "values" && part.not) same.values.push(...part.values.filter((value) => !same.values.includes(value)));
    else if (part.kind !== "flag") rest.push(clause); // twice the same attribute: both must hold, which no chip says
  }
  return { parts, rest };
}

function amount(attribute, value) {
  const rounded = (number) => String(Number(number.toPrecision(8)));
  if (LENGTHS.has(attribute)) return value >= 1000 ? `${rounded(value / 1000)} km` : `${rounded(value)} m`;
  if (TIMES.has(attribute)) return value % 3600 === 0 && value ? `${value / 3600} h` : `${rounded(value / 60)} min`;
  return rounded(value);
}

function textOfPart(part) {
  const { attribute } = part;
  if (part.kind === "flag") return part.not ? `NOT ${attribute}` : attribute;
  if (part.kind === "range") {
    return [part.low === null ? "" : `${attribute} >= ${amount(attribute, part.low)}`,
      part.high === null ? "" : `${attribute} < ${amount(attribute, part.high)}`].filter(Boolean).join(" AND ");
  }
  if (part.values.length === 1 && !part.not) return `${attribute} = ${literal(part.values[0])}`;
  return `${attribute}${part.not ? " NOT" : ""} IN (${part.values.map(literal).join(", ")})`;
}

/** Write a filter. */
export function writeWhere({ parts, rest }) {
  const all = [...parts.map(textOfPart).filter(Boolean), ...rest];
  if (all.length === 1) return all[0];
  return all.map((one) => (clauses(one).length === 1 && /\bOR\b/i.test(one.replace(/'(?:[^']|'')*'/g, "")) && !/^\(.*\)$/.test(one) ? `(${one})` : one)).join(" AND ");
}

/** The filter with another part of an attribute and kind; null takes it away. */
export function withPart(text, attribute, part, not = false) {
  const read = readWhere(text);
  const here = (one) => one.attribute === attribute && (one.kind !== "values" || one.not === not);
  const at = read.parts.findIndex(here);
  const parts = read.parts.filter((one) => !here(one));
  if (part) parts.splice(at < 0 ? parts.length : at, 0, part);
  return writeWhere({ parts, rest: read.rest });
}

/** Terms of activities, { attribute, value }, as one text: those activities alone, or all but them. */
export function chosenText(terms, not = false) {
  const by = Map.groupBy ? Map.groupBy(terms, ({ attribute }) => attribute) : grouped(terms);
  const parts = [...by].map(([attribute, some]) => textOfPart({ attribute, kind: "values", not, values: some.map(({ value }) => value) }));
  return parts.length > 1 && !not ? `(${parts.join(" OR ")})` : parts.join(" AND ");
}

function grouped(terms) {
  const by = new Map();
  for (const term of terms) by.set(term.attribute, [...(by.get(term.attribute) ?? []), term]);
  return by;
}

/** The filter without some activities, beside what it leaves out already. */
export function without(text, terms) {
  return writeWhere(readWhere([text, chosenText(terms, true)].filter(Boolean).map((one) => (clauses(one).length > 1 || !/\bOR\b/i.test(one) ? one : `(${one})`)).join(" AND ")));
}
