/** The map of a folder of tiles, whether a web server gives it out or it is opened from disk. */

import { colorMap, setBase } from "./web/basemap.js";
import { $, bright, make } from "./web/dom.js";
import { explorerText, showExplorer } from "./web/explorer.js";
import { createHeat } from "./web/heat.js";
import { addScaleBar, addZooms, createMap, PLAIN, tileZoom } from "./web/map.js";
import { showNames } from "./web/names.js";
import { hasTicks, paintBar, tickElements, titleOf } from "./web/scale.js";
import { addWorldWhenSeen } from "./web/world.js";

const theme = () => (bright.matches ? "light" : "dark");

const CREDIT = "GeoNames, Natural Earth";

/**
 * Show the tiles that `told`, a tiles.json, tells of. `read(name)` resolves to what the folder holds beside: explorer tiles, and
 * names of towns. `words` say why a map is plain.
 */
export function openFolder(maplibre, told, read, words = PLAIN) {
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
  addZooms(maplibre, map);
  if (map.flat) $("map").append(make("p", { className: "plain-words" }, [words, told.attribution, CREDIT].filter(Boolean).join(" ")));
  else map.addControl(new maplibre.AttributionControl({ compact: true, customAttribution: CREDIT }), "bottom-right");
  map.on("error", () => {}); // a tile that cannot be had is asked for again
  map.on("load", async () => {
    addHeat(map, told);
    addWorldWhenSeen(map, theme);
    showNames(map, theme(), await read("names.json").catch(() => [])); // an older folder has none
    if (told.streets && !map.flat) openStreets(map, told.streets);
    bright.addEventListener("change", () => colorMap(map, theme()));
    if (told.explorer) openExplorer(map, () => read(told.explorer));
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

/** The switch of streets, which lie beside the tiles; at first they are shown. */
function openStreets(map, { tiles: [address], attribution, ...streets }) {
  const url = `${new URL(".", document.baseURI).href}${address}`;
  const show = () => setBase(map, $("streets").checked ? { url, streets: true, credit: escaped(attribution), ...streets } : null, theme());
  $("streets-line").hidden = false;
  $("streets").addEventListener("change", show);
  show();
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
