/** Somebody's tiles as the base map: only when the user, not a link, has asked for them. */

import { showTiles } from "./maps.js";
import { get, set } from "./state.js";
import { make } from "./web/dom.js";
import { makers, showCredit } from "./web/frame.js";

const OSM = {
  url: "https://tile.openstreetmap.org/{z}/{x}/{y}.png",
  credit: "© OpenStreetMap contributors",
};
const KEY = "heatlas.bases";
const STREETS = "heatlas.streets"; // what was said to the offer of streets: "yes" or "no"

/** The base map that a state asks for, or null. */
export function baseOf(state, library) {
  if (state.base === "osm") return OSM;
  if (state.base === "own" && /^https?:\/\/.+\{z\}.*$/.test(state.baseUrl) && /\{x\}/.test(state.baseUrl)) {
    return { url: state.baseUrl, credit: state.baseCredit };
  }
  if (state.base === "" && library.basemap) {
    const url = new URL(library.basemap.url, document.baseURI).href.replaceAll("%7B", "{").replaceAll("%7D", "}");
    return { ...library.basemap, url, credit: library.basemap.attribution ?? "", set: true };
  }
  return null;
}

const hostOf = (base) => new URL(base.url.replaceAll(/[{}]/g, "")).host;
const allowed = () => JSON.parse(localStorage.getItem(KEY) ?? "[]");

/** Remember that the user wants tiles of this host. */
export function allow(base) {
  localStorage.setItem(KEY, JSON.stringify([...new Set([...allowed(), hostOf(base)])].slice(-40)));
}

/** Show the base map of a state; one that only a link has asked for is offered, not fetched. */
export function showBase(state, library) {
  const base = baseOf(state, library);
  const free = base && (base.set || allowed().includes(hostOf(base)));
  showTiles(free ? base : null);
  document.querySelector(".offer")?.remove();
  if (base && !free) offer(base, () => showBase(state, library));
  else if (state.base === "" && !library.basemap) offerStreets(library);
  showCredit(creditOf(free ? base : null));
}

/** Offer streets at first view, and remember what was said; whoever wanted them once has them again. */
function offerStreets(library) {
  const said = localStorage.getItem(STREETS);
  if (said === "no" || !(library.activities || library.point_sets.length)) return;
  const streets = () => set({ base: "osm" }, true);
  if (said === "yes" && allowed().includes(hostOf(OSM))) return void streets();
  card("Streets", `Streets come from ${hostOf(OSM)}, which then learns where you look.`, ["Not now", "Show streets"], (yes) => {
    localStorage.setItem(STREETS, yes ? "yes" : "no");
    if (!yes || get().base) return;
    allow(OSM);
    streets();
  }).classList.add("slim");
}

/** Remember that a user chose a base map in the panel, or none: that answers the offer of streets, too. */
export function chose(base) {
  localStorage.setItem(STREETS, base === "osm" ? "yes" : "no");
}

function offer(base, then) {
  const words = `This view has a base map from ${hostOf(base)}. Showing it tells that server which area you look at.`;
  card("Base map from elsewhere", words, ["Stay offline", "Show it"], (yes) => {
    if (!yes) return;
    allow(base);
    then();
  });
}

/** A question on the map, answered by one of two buttons: no, yes. */
function card(label, words, [against, favour], answered) {
  const no = make("button", { type: "button", className: "quiet" }, against);
  const yes = make("button", { type: "button", className: "strong" }, favour);
  const box = make("section", { className: "card offer" }, make("p", {}, words), make("div", { className: "pair" }, no, yes));
  box.setAttribute("aria-label", label);
  for (const button of [no, yes]) {
    button.addEventListener("click", () => {
      box.remove();
      answered(button === yes);
    });
  }
  document.body.append(box);
  return box;
}

/** Who made what is shown. */
export const creditOf = (base) => makers(base?.credit);
