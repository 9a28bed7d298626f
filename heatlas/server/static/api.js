/** The server's answers. Every address is relative to the page, so that it works under any prefix. */

const ROOT = new URL(".", document.baseURI).href;

/** A message for people, from the server or about reaching it. */
export class Refused extends Error {
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

let unanswered = () => {};

/** Call with each error of a request that nobody answered. */
export const whenUnanswered = (call) => (unanswered = call);

function silence() {
  const error = new Refused("The server does not answer. Is heatlas still running?", 0);
  unanswered(error);
  return error;
}

/** Read JSON; errors become `Refused` with the server's own words. */
export async function read(path, query = null, signal = undefined) {
  let answer;
  try {
    answer = await fetch(`${ROOT}${path}${query ? `?${query}` : ""}`, { signal });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw silence();
  }
  let said = null;
  try {
    said = await answer.json();
  } catch (error) {
    if (error.name === "AbortError") throw error; // given up while it came
    if (answer.ok) throw silence(); // it broke off
  }
  if (!answer.ok) throw new Refused(said?.error ?? `The server answered ${answer.status}.`, answer.status);
  return said;
}

/** The part of a query that says which activities count. */
export function filterQuery(filter) {
  const query = new URLSearchParams();
  for (const sport of filter.sport) query.append("sport", sport);
  for (const name of ["after", "before", "where"]) if (filter[name]) query.set(name, filter[name]);
  return query;
}

/** The same, and how it is drawn; points have dates alone, where they have times, and a radius instead of a smoothing. */
export function drawQuery(filter, style) {
  const { after, before } = filter;
  const query = filterQuery(style.points ? { sport: [], ...(style.timed ? { after, before } : {}) } : filter);
  const names = style.points ? ["radius", "kernel", "density"] : ["smooth"];
  for (const name of ["colormap", "tone", "classes", ...names]) if (style[name]) query.set(name, style[name]);
  return query;
}

/** The address of tiles with {z}/{x}/{y} and MapLibre's {ratio}. */
export function tiles(measure, query, version = "") {
  const all = new URLSearchParams(query);
  if (version) all.set("v", version);
  const text = all.toString();
  return `${ROOT}tiles/${encodeURIComponent(measure)}/{z}/{x}/{y}{ratio}.png${text ? `?${text}` : ""}`;
}

export function scale(measure, zoom, query, signal) {
  const all = new URLSearchParams(query);
  all.set("measure", measure);
  all.set("z", zoom);
  return read("scale.json", all, signal);
}

export function at(place, radius, filter) {
  const query = filterQuery(filter);
  query.set("lat", place.lat.toFixed(6));
  query.set("lon", place.lng.toFixed(6));
  query.set("radius", radius.toFixed(1));
  return read("at", query);
}

/** Passages in a box [west, south, east, north] by two metrics. */
export function histogram([x, y], box, zoom, filter, version, signal) {
  const query = filterQuery(filter);
  for (const [name, value] of Object.entries({ x, y, bbox: box.map((edge) => edge.toFixed(6)).join(), z: zoom })) query.set(name, value);
  if (version) query.set("v", version);
  return read("histogram.json", query, signal);
}

/** Names of towns of a tile: [lon, lat, name, people] of each. */
export const names = async (z, x, y) => (await read(`names/${z}/${x}/${y}.json`)).names;

/** Explorer tiles of a zoom. */
export function explorer(zoom, filter, version, signal) {
  const query = filterQuery(filter);
  query.set("z", zoom);
  if (version) query.set("v", version);
  return read("explorer.json", query, signal);
}

export const library = () => read("api/library.json");

/** How far the server is with what it reads: { file, done, of }, or null. */
export const importProgress = async () => (await read("api/importing")).import;

/**
 * Send one file; `progress` is told the share that was sent, then null while the server reads it. `answers` say how the
 * rows of a table are read as points.
 */
export function send(file, progress, answers = null) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", `${ROOT}api/import${answers ? `?${new URLSearchParams(answers)}` : ""}`);
    request.setRequestHeader("X-Filename", encodeURIComponent(file.name));
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.responseType = "json";
    request.upload.onprogress = (event) => event.lengthComputable && progress(event.loaded / event.total);
    request.upload.onload = () => progress(null);
    request.onload = () => {
      if (request.status < 300) resolve(request.response ?? {});
      else reject(new Refused(request.response?.error ?? `The server answered ${request.status}.`, request.status));
    };
    request.onerror = () => reject(silence());
    request.send(file);
  });
}
