/** The published map: one file, which lets map, layers, legend and address follow one another. */

import { data, readWorld } from "./embedded.js";
import * as maps from "./map.js";
import * as state from "./state.js";
import { openSwitcher, rest, showChosen } from "./switcher.js";
import { addressOf, coloursOf, serveStreets, serveTiles } from "./tiles.js";
import { $, counted, phone, toast } from "./web/dom.js";
import { explorerText, showExplorer } from "./web/explorer.js";
import { foldPanel, makers, openButtons, paintPage, showCredit } from "./web/frame.js";
import { createHeat } from "./web/heat.js";
import { showLegend } from "./web/legend.js";
import { placeRow } from "./web/places.js";
import { worldFrom } from "./web/world.js";

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
  const scale = scales[maps.zoomOf(zooms)];
  showLegend([["a", { ...scale, colors: coloursOf(layer(), theme()), activities: activities || null }]]);
  const name = layers.length > 1 ? title : "";
  $("summary").textContent = [name, activities ? counted(activities, "activity") : ""].filter(Boolean).join(" · ");
}

function showTheme() {
  paintPage(theme());
  if (map) maps.setTheme(theme());
}

function choose(number) {
  state.set({ layer: number });
  showChosen(number);
  return draw();
}

/** Go to what a layer covers, or to the busiest place. */
const whole = (animate) => maps.fit(layer().bounds, animate);

function showPlaces() {
  $("places-field").hidden = data.places.length < 2;
  $("places").replaceChildren(...data.places.map((place) => placeRow(place.name, place.activities, () => {
    maps.fit(place.bbox);
    if (phone.matches) foldPanel(true);
  })));
}

/** Show or hide the base map. */
function showBase(on) {
  based = on;
  $("base").checked = on;
  maps.showTiles(on ? data.basemap : null);
  credit();
}

/** Why the base map cannot be shown here, or "". OpenStreetMap answers no page that cannot say from which site it asks. */
function whyNoBase() {
  const { name, needsSite, streets } = data.basemap;
  if (needsSite && !/^https?:$/.test(location.protocol)) return `${name} answers pages on the web only: here the outlines of Natural Earth are shown.`;
  return streets && map.flat ? "Streets are drawn by browsers with WebGL 2 only." : "";
}

/** The switch for a base map. Streets that are in the page are shown at first. */
function openBase() {
  $("base-line").hidden = !data.basemap;
  if (!data.basemap) return;
  const { name, url, streets } = data.basemap;
  const why = whyNoBase();
  $("base-name").textContent = name;
  $("base").disabled = Boolean(why);
  $("base-note").textContent = why || (streets ? ""
    : `Off, this map asks nobody for anything. On, ${new URL(url.replaceAll(/[{}]/g, "")).host} sees which area you look at.`);
  $("base").addEventListener("change", () => showBase($("base").checked));
  if (!streets || why) return;
  serveStreets();
  showBase(true);
}

/** Show explorer tiles, or take them away, where the page has any. */
function explore() {
  const on = Boolean(data.explorer) && state.get().explorer;
  $("explorer").checked = on;
  $("explorer-note").textContent = on ? explorerText({ ...data.explorer, counted: "" }) : "";
  if (data.explorer) showExplorer(map, on ? data.explorer : null, theme());
}

const credit = () => showCredit(makers(based ? data.basemap.attribution : "", data.attribution));

function openControls() {
  openButtons(map);
  $("whole").addEventListener("click", () => whole(true));
  $("theme").addEventListener("click", () => {
    state.set({ theme: theme() === "dark" ? "light" : "dark" });
    showTheme();
    draw();
    explore();
  });
  $("explorer").addEventListener("change", () => {
    state.set({ explorer: $("explorer").checked });
    explore();
  });
  $("opacity").addEventListener("input", () => {
    state.set({ opacity: Number($("opacity").value) / 100 });
    heat.fade(state.get().opacity);
  });
  addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    rest();
    if (phone.matches) foldPanel(true);
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
  explore();
}

async function main() {
  worldFrom(readWorld);
  const { view, opacity } = state.start(layers.map((one) => one.slug));
  showTheme();
  showPlaces();
  credit();
  if (phone.matches) foldPanel(true);
  serveTiles();
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
  $("explorer-line").hidden = !data.explorer;
  openBase();
  openControls();
  explore();
  state.whenGiven(follow);
  await draw();
  document.body.classList.replace("loading", "ready");
}

main().catch((error) => toast(`This map cannot be shown: ${error.message}`, "bad"));
