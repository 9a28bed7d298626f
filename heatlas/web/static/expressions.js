/** Values of MapLibre's style expressions, as far as the maps of these pages use them, for a map that is drawn without MapLibre. */

const COMPARED = { "==": (a, b) => a === b, "!=": (a, b) => a !== b, "<": (a, b) => a < b, "<=": (a, b) => a <= b, ">": (a, b) => a > b, ">=": (a, b) => a >= b };
const NUMBERS = {
  "+": (...all) => all.reduce((a, b) => a + b, 0), "*": (...all) => all.reduce((a, b) => a * b, 1), "/": (a, b) => a / b, "^": (a, b) => a ** b,
  "-": (a, b) => (b === undefined ? -a : a - b), min: Math.min, max: Math.max, round: Math.round, floor: Math.floor, abs: Math.abs, sqrt: Math.sqrt, ln: Math.log,
};
const OTHERS = {
  "!": (a) => !a, all: (...some) => some.every(Boolean), any: (...some) => some.some(Boolean), concat: (...some) => some.join(""),
  "to-string": String, "to-number": Number, upcase: (text) => String(text).toUpperCase(), downcase: (text) => String(text).toLowerCase(),
  in: (needle, all) => all?.includes(needle) ?? false, coalesce: (...some) => some.find((one) => one !== null && one !== undefined),
};

/** The value of an expression at a zoom for a feature's properties; undefined for one that is not known. */
export function valueOf(said, zoom, properties = {}) {
  if (!Array.isArray(said)) return typeof said === "string" ? filled(said, properties) : said;
  const [name, ...rest] = said;
  const at = (one) => valueOf(one, zoom, properties);
  switch (name) {
    case "literal": return rest[0];
    case "zoom": return zoom;
    case "get": return properties[at(rest[0])];
    case "has": return at(rest[0]) in properties;
    case "interpolate": return between(at(rest[1]), rest.slice(2), at, rest[0]);
    case "step": return stepped(at(rest[0]), rest.slice(1), at);
    case "match": return matched(at(rest[0]), rest.slice(1), at);
    case "case": return chosen(rest, at);
    default: return (COMPARED[name] ?? NUMBERS[name] ?? OTHERS[name])?.(...rest.map(at));
  }
}

/** A text with {name} for properties. */
const filled = (text, properties) => (text.includes("{") ? text.replace(/\{([^}]+)\}/g, (_, name) => properties[name] ?? "") : text);

function between(value, stops, at, [kind, base = 2]) {
  let k = 0;
  while (k + 2 < stops.length && value >= stops[k + 2]) k += 2;
  const [low, from, high, to] = [stops[k], at(stops[k + 1]), stops[k + 2], at(stops[k + 3])];
  if (value <= low || high === undefined || typeof from !== "number") return from;
  const share = kind === "exponential" && base !== 1 ? (base ** (value - low) - 1) / (base ** (high - low) - 1) : (value - low) / (high - low);
  return from + share * (to - from);
}

function stepped(value, [first, ...stops], at) {
  let found = first;
  for (let k = 0; k < stops.length && value >= stops[k]; k += 2) found = stops[k + 1];
  return at(found);
}

function matched(value, cases, at) {
  for (let k = 0; k + 1 < cases.length; k += 2) if ([cases[k]].flat().includes(value)) return at(cases[k + 1]);
  return at(cases.at(-1));
}

function chosen(cases, at) {
  for (let k = 0; k + 1 < cases.length; k += 2) if (at(cases[k])) return at(cases[k + 1]);
  return at(cases.at(-1));
}
