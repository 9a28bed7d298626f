/** The published map: one file, which lets map, layers, legend and address follow one another. */

import { data, readWorld } from "./embedded.js";
import * as maps from "./map.js";
import * as state from "./state.js";
import { openSwitcher, rest, showChosen } from "./switcher.js";
import { addressOf, coloursOf, serveTiles } from "./tiles.js";
import { $, count, counted, make, phone, toast } from "./web/dom.js";
import { createHeat } from "./web/heat.js";
import { showLegend } from "./web/legend.js";
import { world, worldFrom } from "./web/world.js";

const LINKS = {
  "© OpenStreetMap contributors": "https://www.openstreetmap.org/copyright",
  "Natural Earth": "https://www.naturalearthdata.com/",
  MapLibre: "https://maplibre.org/",
};
const { layers, zooms } = data;
let heat;
let map;
let based = false;

const theme = () => state.get().theme || data.background;
const layer = () => layers[state.get().layer];

/** Show the layer of the state; resolves when it is seen. */
function draw() {
  showNumbers();
  return heat.show(addressOf(state.get().layer, theme()));
}

/** The legend of the layer and the zoom that one looks at. */
function showNumbers() {
  const { scales, title, activities } = layer();
  const [first, last] = zooms;
  const scale = scales[Math.min(Math.max(maps.tileZoom(), first), last)];
  showLegend([["a", { ...scale, colors: coloursOf(layer(), theme()), activities: activities || null }]]);
  const name = layers.length > 1 ? title : "";
  $("summary").textContent = [name, activities ? counted(activities, "activity") : ""].filter(Boolean).join(" · ");
}

function showTheme() {
  const name = theme();
  document.documentElement.dataset.theme = name;
  document.querySelector("meta[name=theme-color]").content = name === "dark" ? "#0a0d12" : "#d9e2e9";
  $("theme").setAttribute("aria-label", name === "dark" ? "Light colours" : "Dark colours");
  if (map) maps.setTheme(name);
}

function choose(number) {
  state.set({ layer: number });
  showChosen(number);
  return draw();
}

/** Go to what a layer covers, or to the busiest place. */
const whole = (animate) => maps.fit(layer().bounds, animate);

function fold(on) {
  $("panel").classList.toggle("folded", on);
  $("fold").setAttribute("aria-expanded", !on);
}

async function showPlaces() {
  $("places-field").hidden = data.places.length < 2;
  const { countryAt } = await world();
  $("places").replaceChildren(...data.places.map((place) => {
    const [west, south, east, north] = place.bbox;
    const [lon, lat] = [(west + east) / 2, (south + north) / 2];
    const where = `${Math.abs(lat).toFixed(2)}° ${lat < 0 ? "S" : "N"}, ${Math.abs(lon).toFixed(2)}° ${lon < 0 ? "W" : "E"}`;
    const button = make("button", { type: "button" },
      make("span", {}, place.name ?? countryAt(lon, lat) ?? "At sea", place.name ? "" : make("small", { className: "muted" }, ` ${where}`)),
      place.activities ? make("small", { className: "muted" }, count(place.activities)) : "");
    button.addEventListener("click", () => {
      maps.fit(place.bbox);
      if (phone.matches) fold(true);
    });
    return make("li", {}, button);
  }));
}

/** The switch for a base map. OpenStreetMap answers no page that cannot say from which site it asks. */
function openBase() {
  const { name, url, needsSite } = data.basemap;
  const deaf = needsSite && !/^https?:$/.test(location.protocol);
  $("base-name").textContent = name;
  $("base").disabled = deaf;
  $("base-note").textContent = deaf
    ? `${name} answers pages on the web only: here the outlines of Natural Earth are shown.`
    : `Off, this map asks nobody for anything. On, ${new URL(url.replaceAll(/[{}]/g, "")).host} sees which area you look at.`;
  $("base").addEventListener("change", () => {
    based = $("base").checked;
    maps.setBase(based ? data.basemap : null);
    showCredit();
  });
}

function showCredit() {
  const parts = [based ? data.basemap.attribution : "", data.attribution, "Natural Earth", "MapLibre", "heatlas"];
  $("credit").replaceChildren(...parts.filter(Boolean).map((text) =>
    LINKS[text] ? make("a", { href: LINKS[text], target: "_blank", rel: "noopener noreferrer" }, text)
    : make("span", {}, text)));
}

function openControls() {
  $("fold").addEventListener("click", () => fold($("fold").getAttribute("aria-expanded") === "true"));
  $("zoom-in").addEventListener("click", () => map.zoomIn());
  $("zoom-out").addEventListener("click", () => map.zoomOut());
  $("whole").addEventListener("click", () => whole(true));
  $("theme").addEventListener("click", () => {
    state.set({ theme: theme() === "dark" ? "light" : "dark" });
    showTheme();
    draw();
  });
  $("opacity").addEventListener("input", () => {
    state.set({ opacity: Number($("opacity").value) / 100 });
    heat.fade(state.get().opacity);
  });
  addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    rest();
    if (phone.matches) fold(true);
  });
}

/** Let all follow an address that was put in. */
function follow({ view, layer: number, opacity }) {
  rest();
  showTheme();
  showChosen(number);
  $("opacity").value = opacity * 100;
  heat.fade(opacity);
  if (view) map.jumpTo({ center: view, zoom: view.zoom });
  draw();
}

async function main() {
  worldFrom(readWorld);
  const { view, opacity } = state.start(layers.map((one) => one.slug));
  showTheme();
  showPlaces();
  showCredit();
  if (phone.matches) fold(true);
  serveTiles();
  openBase();
  openSwitcher(layers, choose);
  showChosen(state.get().layer);
  $("opacity").value = opacity * 100;
  map = await maps.openMap(view, theme(), zooms, (place) => {
    state.set({ view: place });
    showNumbers();
  });
  showNumbers();
  if (!view) maps.fit(data.places[0]?.bbox ?? layer().bounds, false);
  heat = createHeat(map, { minzoom: zooms[0], maxzoom: zooms[1], busy: (on) => ($("busy").hidden = !on) });
  heat.fade(opacity);
  openControls();
  state.whenGiven(follow);
  await draw();
  document.body.classList.replace("loading", "ready");
}

main().catch((error) => toast(`This map cannot be shown: ${error.message}`, "bad"));
