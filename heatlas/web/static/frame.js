/** What stands round the map of a page: theme, panel, buttons, credit. */

import { $, make, phone } from "./dom.js";
import { COLORS } from "./world.js";

const LINKS = {
  "© OpenStreetMap contributors": "https://www.openstreetmap.org/copyright",
  GeoNames: "https://www.geonames.org/",
  "Natural Earth": "https://www.naturalearthdata.com/",
  MapLibre: "https://maplibre.org/",
};

/** Give the page the colours of a theme. */
export function paintPage(theme) {
  document.documentElement.dataset.theme = theme;
  document.querySelector("meta[name=theme-color]").content = COLORS[theme].sea;
  $("theme").setAttribute("aria-label", theme === "dark" ? "Light colours" : "Dark colours");
}

/** Fold the panel away, or unfold it. */
export function foldPanel(folded) {
  $("panel").classList.toggle("folded", folded);
  document.body.classList.toggle("panel-folded", folded);
  $("fold").setAttribute("aria-expanded", String(!folded));
}

/** What panels cover, so that what is sought lies beside them: that of a wide page, or of a narrow one. */
export function roomBesidePanel(wide, narrow) {
  if (phone.matches) return narrow;
  const open = !$("panel").classList.contains("folded");
  return { ...wide, left: open ? $("panel").offsetWidth + 48 : wide.left };
}

/** Let the buttons fold the panel and zoom the map. */
export function openButtons(map) {
  $("fold").addEventListener("click", () => foldPanel(!$("panel").classList.contains("folded")));
  $("zoom-in").addEventListener("click", () => map.zoomIn());
  $("zoom-out").addEventListener("click", () => map.zoomOut());
}

/** Say a sentence above the map until it is closed; it is not said again in this tab. */
export function sayOnce(name, words) {
  const key = `heatlas.said.${name}`;
  const store = (call) => {
    try {
      return call(sessionStorage);
    } catch {
      return null; // a page that may store nothing
    }
  };
  if (store((kept) => kept.getItem(key))) return;
  const close = make("button", { type: "button" }, "Good");
  const pill = make("p", { className: "pill" }, make("span", {}, words), close);
  pill.dataset.name = name;
  close.addEventListener("click", () => (pill.remove(), store((kept) => kept.setItem(key, "1"))));
  $("notes").append(pill);
}

/** Who made what is shown: those of the page, and those of every page. */
export const makers = (...own) => [...own, "GeoNames", "Natural Earth", "MapLibre", "heatlas"].filter(Boolean);

/** Name makers at the foot of the page, with links to those that are known. */
export function showCredit(names) {
  $("credit").replaceChildren(...names.map((text) =>
    LINKS[text] ? make("a", { href: LINKS[text], target: "_blank", rel: "noopener noreferrer" }, text)
    : make("span", {}, text)));
}
