/** Somebody's tiles as the base map: only when the user, not a link, has asked for them. */

import { showTiles } from "./maps.js";
import { make } from "./web/dom.js";
import { makers, showCredit } from "./web/frame.js";

const OSM = {
  url: "https://tile.openstreetmap.org/{z}/{x}/{y}.png",
  credit: "© OpenStreetMap contributors",
};
const KEY = "heatlas.bases";

/** The base map that a state asks for, or null. */
export function baseOf(state, library) {
  if (state.base === "osm") return OSM;
  if (state.base === "own" && /^https?:\/\/.+\{z\}.*$/.test(state.baseUrl) && /\{x\}/.test(state.baseUrl)) {
    return { url: state.baseUrl, credit: state.baseCredit };
  }
  if (state.base === "" && library.basemap) {
    return { url: new URL(library.basemap.url, document.baseURI).href.replaceAll("%7B", "{").replaceAll("%7D", "}"),
      credit: library.basemap.attribution ?? "", set: true };
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
  showCredit(creditOf(free ? base : null));
}

function offer(base, then) {
  const yes = make("button", { type: "button", className: "strong" }, "Show it");
  const no = make("button", { type: "button", className: "quiet" }, "Stay offline");
  const box = make("section", { className: "card offer" },
    make("p", {}, `This view has a base map from ${hostOf(base)}. Showing it tells that server which area you look at.`),
    make("div", { className: "pair" }, no, yes));
  box.setAttribute("aria-label", "Base map from elsewhere");
  yes.addEventListener("click", () => (allow(base), box.remove(), then()));
  no.addEventListener("click", () => box.remove());
  document.body.append(box);
}

/** Who made what is shown. */
export const creditOf = (base) => makers(base?.credit);
