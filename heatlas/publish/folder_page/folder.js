/** The map of a folder of tiles, whether a web server gives it out or it is opened from disk. */

import { $, bright, make } from "./web/dom.js";
import { explorerText, showExplorer } from "./web/explorer.js";
import { createHeat } from "./web/heat.js";
import { addScaleBar, createMap, PLAIN, tileZoom } from "./web/map.js";
import { hasTicks, paintBar, tickElements, titleOf } from "./web/scale.js";
import { addWorld, colorWorld, world } from "./web/world.js";

const theme = () => (bright.matches ? "light" : "dark");

/**
 * Show the tiles that `told`, a tiles.json, tells of. `readExplorer(address)` resolves to explorer tiles, and `words` say
 * why a map is plain.
 */
export function openFolder(maplibre, told, readExplorer, words = PLAIN) {
  const [lon, lat, zoom] = told.center;
  const map = createMap(maplibre, {
    container: "map",
    theme: theme(),
    center: [lon, lat],
    zoom: Math.max(zoom - 1, 0), // tiles of 256 pixels: one zoom more than MapLibre counts
    minZoom: 0.5,
    maxZoom: Math.min(told.maxzoom + 2, 21.5),
    hash: true,
    fadeDuration: 300,
    pixelRatio: devicePixelRatio, // these tiles have one size
  });
  addScaleBar(maplibre, map, "bottom-right");
  if (map.flat) openPlain(map, [words, told.attribution]);
  else {
    map.addControl(new maplibre.NavigationControl({ showCompass: false }), "top-right");
    map.addControl(new maplibre.AttributionControl({ compact: true }), "bottom-right");
  }
  map.on("error", () => {}); // a tile that cannot be had is asked for again
  map.on("load", async () => {
    addHeat(map, told);
    addWorld(map, await world(), theme());
    bright.addEventListener("change", () => colorWorld(map, theme()));
    if (told.explorer) openExplorer(map, () => readExplorer(told.explorer));
  });
  let shown = null;
  map.on("zoom", () => {
    const now = tileZoom(map, told.minzoom, told.maxzoom);
    if (now !== shown) showNumbers(told, (shown = now));
  });
  showNumbers(told, (shown = tileZoom(map, told.minzoom, told.maxzoom)));
  return map;
}

function addHeat(map, told) {
  const form = told.tiles[0].split(".").at(-1);
  const source = { bounds: told.bounds, attribution: escaped(told.attribution ?? "") };
  const { minzoom, maxzoom } = told;
  createHeat(map, { minzoom, maxzoom, source }).show(`heat://{z}/{x}/{y}.${form}`);
}

/** What MapLibre's controls do, on a map that is drawn without it. */
function openPlain(map, words) {
  const button = (text, label, act) => {
    const one = make("button", { type: "button", ariaLabel: label }, text);
    one.addEventListener("click", act);
    return one;
  };
  const zooms = make("div", { className: "plain-zooms card" }, button("+", "Closer", map.zoomIn), button("−", "Farther", map.zoomOut));
  $("map").append(zooms, make("p", { className: "plain-words" }, words.filter(Boolean).join(" ")));
}

/** The switch of explorer tiles: they are fetched when they are first wanted, and a link keeps them. */
function openExplorer(map, readAll) {
  let reading = null;
  const read = () => (reading ??= readAll());
  const show = async () => {
    const on = $("explorer").checked;
    try {
      const data = on ? await read() : null;
      if (on !== $("explorer").checked) return; // switched meanwhile
      showExplorer(map, data, theme());
      $("explorer-note").textContent = data ? explorerText({ ...data, counted: "" }) : "";
    } catch (error) {
      reading = null; // so that another try asks again
      $("explorer-note").textContent = `Explorer tiles cannot be had: ${error.message}`;
    }
  };
  $("explorer-line").hidden = false;
  $("explorer").checked = new URLSearchParams(location.search).get("explorer") === "1";
  $("explorer").addEventListener("change", () => {
    const address = new URL(location.href);
    if ($("explorer").checked) address.searchParams.set("explorer", "1");
    else address.searchParams.delete("explorer");
    history.replaceState(history.state, "", address);
    show();
  });
  bright.addEventListener("change", show);
  show();
}

/** Text as HTML that shows it. */
function escaped(text) {
  const box = document.createElement("span");
  box.textContent = text;
  return box.innerHTML;
}

function showNumbers(told, zoom) {
  const scale = told.legend[zoom];
  $("legend").hidden = !scale;
  if (!scale) return;
  const what = titleOf(scale);
  $("title").textContent = document.title = told.name;
  $("what").textContent = what === told.name ? "" : what;
  paintBar($("bar"), scale);
  $("ticks").hidden = !hasTicks(scale);
  $("note").textContent = scale.note ?? "";
  $("ticks").replaceChildren(...tickElements(scale, { width: 228, letter: 6.6 }));
  $("zoom").textContent = `At this zoom (${zoom} of ${told.minzoom} to ${told.maxzoom})`;
}
