/** What the server tells of single activities. A public map tells nothing of them. */

import { filterQuery, read } from "./api.js";

const KEPT = 200; // routes that are remembered
const routes = new Map(); // number -> promise of a route
let version = "";

/** Take a library: routes of an older state are forgotten. */
export function knowActivities(library) {
  if (library.version !== version) routes.clear();
  version = library.version;
}

function query(values, filter = null) {
  const all = filter ? filterQuery(filter) : new URLSearchParams();
  for (const [name, value] of Object.entries(values)) if (value !== "" && value !== null && value !== undefined) all.set(name, value);
  if (version) all.set("v", version);
  return all;
}

/** Lines, profile and details of an activity. */
export function route(number) {
  if (!routes.has(number)) {
    if (routes.size >= KEPT) routes.delete(routes.keys().next().value);
    const asked = read("route.json", query({ number }));
    asked.catch(() => routes.delete(number));
    routes.set(number, asked);
  }
  return routes.get(number);
}

/** Activities that go the same way as one. */
export const sameWay = (number, signal) => read("same-way.json", query({ number }), signal);

/** A page of activities; `box` is [west, south, east, north], or null for all of the map. */
export const list = ({ filter, box, zoom, ...page }, signal) =>
  read("activities.json", query({ ...page, ...(box ? { bbox: box.map((edge) => edge.toFixed(6)).join(), z: zoom } : {}) }, filter), signal);

/** Attributes that filters can use. */
export const attributes = () => read("api/attributes.json", query({}));

/** Values of an attribute with counts, among what a filter chooses. */
export const values = (attribute, filter, signal) => read("api/values.json", query({ attribute }, filter), signal);
