/** Files of a view: pictures, films, pages and tiles, which the server makes aside and the browser downloads. */

import { read } from "./api.js";
import * as maps from "./maps.js";
import { $, make, phone, toast } from "./web/dom.js";

const ROOT = new URL(".", document.baseURI).href;
const OFTEN = 700; // milliseconds between two questions how far a file is

/** Sizes of a kind: [value, text, width, height]; without a height that of the window. */
const SIZES = {
  picture: [
    ["screen", "As on the screen, twice as fine", null], ["wide", "Wide: 3840 × 2160", [3840, 2160]], ["square", "Square: 2400 × 2400", [2400, 2400]],
    ["story", "Upright: 1080 × 1920", [1080, 1920]], ["a4", "Poster A4, 300 dpi", [2480, 3508]], ["a3", "Poster A3, 300 dpi", [3508, 4961]],
  ],
  film: [["wide", "Wide: 1280 × 720", [1280, 720]], ["square", "Square: 900 × 900", [900, 900]], ["story", "Upright: 720 × 1280", [720, 1280]]],
};
const FORMS = {
  picture: [["png", "PNG"], ["pdf", "PDF"], ["webp", "WebP"]],
  film: [["mp4", "MP4"], ["gif", "GIF"], ["webp", "WebP"]],
  page: [["html", "HTML"]],
  tiles: [["pmtiles", "PMTiles"], ["mbtiles", "MBTiles"]],
};
const ABOUT = {
  picture: "What you see, drawn anew at this size, with title, legend and scale bar.",
  film: "How this view filled up, from the first activity to the last.",
  page: "One file that opens in any browser, also without the internet: at this view, but it holds all places that the filters choose.",
  tiles: "All places that the filters choose, for map programs and web pages.",
};
/** Kinds that show a part of the map, and have a size. */
const FRAMED = new Set(["picture", "film"]);

let view = null; // what is drawn: measure, query, title, theme, library
let kind = "picture";
let turn = 0; // of questions about home

const options = (id, pairs) => {
  const before = $(id).value;
  $(id).replaceChildren(...pairs.map(([value, text]) => make("option", { value }, text)));
  if (pairs.some(([value]) => value === before)) $(id).value = before;
};

/** Show what can be made of a view; on a public map no files are. */
export function fillFiles(what) {
  view = what;
  $("files-form").hidden = Boolean(view.library.public);
  $("files-public").hidden = !view.library.public;
  $("files-title").value = view.title;
  if (!view.library.public) choose(kind);
}

function choose(name) {
  kind = name;
  for (const tab of $("files-kinds").children) {
    const on = tab.dataset.kind === kind;
    tab.setAttribute("aria-checked", String(on));
    tab.tabIndex = on ? 0 : -1;
  }
  $("files-about").textContent = ABOUT[kind];
  $("files-size-field").hidden = !FRAMED.has(kind);
  $("files-title-field").hidden = kind === "film";
  $("files-seconds-field").hidden = kind !== "film";
  options("files-size", (SIZES[kind] ?? []).map(([value, text]) => [value, text]));
  options("files-form-of", FORMS[kind]);
  $("files-form-field").hidden = FORMS[kind].length < 2;
  $("files-everybody-text").textContent = kind === "picture" ? "Without private activities" : "For everybody: without private activities, and what is of a few alone";
  sayHome();
}

/** The part of the map that no panel covers: [west, south, east, north]. */
function uncovered() {
  const map = maps.main();
  const panel = $("panel").getBoundingClientRect();
  const aside = phone.matches || $("panel").classList.contains("folded");
  const [left, right] = aside ? [0, innerWidth] : [panel.right, $("tools").getBoundingClientRect().left];
  const bottom = phone.matches ? Math.max(panel.top, innerHeight / 2) : innerHeight;
  const [corner, opposite] = [map.unproject([left, 0]), map.unproject([right, bottom])];
  return { box: [corner.lng, Math.max(opposite.lat, -85), opposite.lng, Math.min(corner.lat, 85)], size: [right - left, bottom] };
}

/** Box and width of what is drawn: what is seen, made wider or taller where the size asks for it. */
function framed() {
  const { box: [west, south, east, north], size: seen } = uncovered();
  const size = SIZES[kind].find(([value]) => value === $("files-size").value)?.[2] ?? seen.map((pixels) => Math.min(Math.round(2 * pixels), 7000));
  const y = (lat) => Math.log(Math.tan(Math.PI / 4 + (lat * Math.PI) / 360));
  const lat = (at) => (Math.atan(Math.exp(at)) * 360) / Math.PI - 90;
  const [wide, tall] = [((east - west) * Math.PI) / 180, y(north) - y(south)];
  const ratio = size[0] / size[1];
  // All that is seen lies inside.
  const [width, height] = wide / tall > ratio ? [wide, wide / ratio] : [tall * ratio, tall];
  const [x, middle] = [(west + east) / 2, (y(north) + y(south)) / 2];
  const half = Math.min((width * 90) / Math.PI, 179.9);
  const box = [x - half, Math.max(lat(middle - height / 2), -85), x + half, Math.min(lat(middle + height / 2), 85)];
  return { bbox: box.map((edge) => edge.toFixed(6)).join(), width: String(size[0]) };
}

/** Filters of what is drawn. */
function filters() {
  const query = new URLSearchParams();
  for (const [name, value] of view.query) if (["sport", "after", "before", "where"].includes(name)) query.append(name, value);
  return query;
}

/** Say what a file would show of home before it is made. */
async function sayHome() {
  const mine = ++turn;
  const query = filters();
  if ($("files-everybody").checked) query.set("where", query.get("where") ? `(${query.get("where")}) AND NOT private` : "NOT private");
  if (FRAMED.has(kind)) query.set("bbox", framed().bbox);
  const box = $("files-home");
  box.textContent = "Looking what it would show of home …";
  const said = await read("api/home.json", query).catch((error) => ({ words: [error.message] }));
  if (mine !== turn) return;
  box.replaceChildren(...said.words.map((words) => make("span", {}, words)));
  box.classList.toggle("open", Boolean(said.open));
}

async function ask(path, method) {
  const answer = await fetch(`${ROOT}${path}`, { method });
  const said = await answer.json().catch(() => null);
  if (!answer.ok) throw new Error(said?.error ?? `The server answered ${answer.status}.`);
  return said;
}

/** Let the server make a file, and follow it. */
async function begin() {
  const query = new URLSearchParams(view.query);
  const put = (name, value) => value && query.set(name, value);
  put("measure", view.measure);
  put("kind", kind);
  put("format", $("files-form-of").value);
  if (kind !== "film") put("title", $("files-title").value.trim());
  if (kind === "film") put("duration", $("files-seconds").value);
  if (FRAMED.has(kind)) for (const [name, value] of Object.entries(framed())) put(name, value);
  if (kind === "page") put("bbox", uncovered().box.map((edge) => edge.toFixed(6)).join());
  if (kind !== "tiles") put("background", view.theme);
  if ($("files-everybody").checked) put("everybody", "1");
  query.delete("classes");
  $("files-error").textContent = "";
  try {
    const { id } = await ask(`api/outputs?${query}`, "POST");
    follow(id, kind);
  } catch (error) {
    $("files-error").textContent = error.message;
  }
}

/** A row that says how far a file is, with a way to stop it; in the end the file is saved. */
async function follow(id, name) {
  const text = make("span", {}, "Waiting …");
  const bar = make("progress", { max: 1 });
  bar.setAttribute("aria-label", `Making the ${name}`);
  const stop = make("button", { type: "button", className: "quiet" }, "Cancel");
  const row = make("li", {}, make("div", { className: "line" }, text, stop), bar);
  $("files-jobs").append(row);
  stop.addEventListener("click", async () => {
    row.remove();
    await ask(`api/outputs/${id}`, "DELETE").catch(() => {});
  });
  while (row.isConnected) {
    const said = await read(`api/outputs/${id}`).catch((error) => (error.status === 404 ? { state: "failed", error: error.message } : null));
    if (said?.state === "done") return finished(row, id, said);
    if (said?.state === "failed") {
      text.textContent = said.error;
      text.className = "error";
      bar.remove();
      stop.textContent = "Close";
      return;
    }
    if (said) text.textContent = said.state === "waiting" ? "Waiting for the one before …" : `Making the ${name}: ${said.stage || "starting"} …`;
    if (said?.total) bar.value = said.done / said.total;
    else bar.removeAttribute("value");
    await new Promise((resolve) => setTimeout(resolve, OFTEN));
  }
}

function finished(row, id, { name, bytes }) {
  const link = make("a", { href: `${ROOT}api/outputs/${id}/file`, download: name, className: "link" }, name);
  row.replaceChildren(make("div", { className: "line" }, make("span", {}, link, ` ${sizeOf(bytes)}`)));
  link.click();
  toast(`${name} is ready`);
}

const sizeOf = (bytes) => (bytes < 1e6 ? `${Math.max(1, Math.round(bytes / 1e3))} kB` : `${(bytes / 1e6).toFixed(1)} MB`);

for (const tab of $("files-kinds").children) tab.addEventListener("click", () => choose(tab.dataset.kind));
$("files-kinds").addEventListener("keydown", (event) => {
  const step = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 }[event.key];
  if (!step) return;
  event.preventDefault();
  const tabs = [...$("files-kinds").children];
  const next = tabs[(tabs.findIndex((tab) => tab.dataset.kind === kind) + step + tabs.length) % tabs.length];
  choose(next.dataset.kind);
  next.focus();
});
$("files-size").addEventListener("change", sayHome);
$("files-everybody").addEventListener("change", sayHome);
$("files-begin").addEventListener("click", begin);
