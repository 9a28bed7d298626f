/** A folder of tiles on a map: reads tiles.json beside the page, and fetches from nowhere else. */

import { addProtocol, AttributionControl, Map as Chart, NavigationControl, ScaleControl } from "./web/vendor/maplibre-gl.mjs";
import { addWorld, colorWorld, ground, world } from "./web/world.js";

const $ = (id) => document.getElementById(id);
const bright = matchMedia("(prefers-color-scheme: light)");
const theme = () => (bright.matches ? "light" : "dark");
/** A picture of one transparent pixel: where there is no tile there is no heat. */
const NOTHING = Uint8Array.from(
  atob("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNkYAAAAAYAAjCB0C8AAAAASUVORK5CYII="),
  (letter) => letter.charCodeAt(0),
).buffer;

addProtocol("heat", async ({ url }, { signal }) => {
  const answer = await fetch(new URL(url.slice("heat://".length), document.baseURI), { signal });
  if (answer.status === 404) return { data: NOTHING.slice(0) };
  if (!answer.ok) throw new Error(`${answer.status} ${answer.statusText}`);
  return { data: await answer.arrayBuffer() };
});

function fail(why) {
  $("trouble").hidden = false;
  $("why").textContent = why;
}

async function described() {
  const answer = await fetch(new URL("tiles.json", document.baseURI), { cache: "no-cache" });
  if (!answer.ok) throw new Error(`tiles.json cannot be had: ${answer.status} ${answer.statusText}`);
  return answer.json();
}

function open(told) {
  const [lon, lat, zoom] = told.center;
  const map = new Chart({
    container: "map",
    style: ground(theme()),
    center: [lon, lat],
    zoom: Math.max(zoom - 1, 0), // tiles of 256 pixels: one zoom more than MapLibre counts
    minZoom: 0.5,
    maxZoom: Math.min(told.maxzoom + 2, 21.5),
    hash: true,
    maxPitch: 0,
    dragRotate: false,
    pitchWithRotate: false,
    touchPitch: false,
    attributionControl: false,
  });
  map.touchZoomRotate.disableRotation();
  map.keyboard.disableRotation();
  map.addControl(new NavigationControl({ showCompass: false }), "top-right");
  map.addControl(new ScaleControl({ maxWidth: 90, unit: "metric" }), "bottom-right");
  map.addControl(new AttributionControl({ compact: true }), "bottom-right");
  map.getCanvas().setAttribute("aria-label", "Heat map: arrow keys move it, plus and minus zoom");
  map.on("load", async () => {
    addHeat(map, told);
    addWorld(map, await world(), theme(), "heat");
    bright.addEventListener("change", () => colorWorld(map, theme()));
  });
  let shown = null;
  map.on("zoom", () => {
    const now = tileZoom(map, told);
    if (now !== shown) showLegend(told, (shown = now));
  });
  showLegend(told, (shown = tileZoom(map, told)));
  return map;
}

/** The zoom of the tiles that one sees. */
const tileZoom = (map, told) => Math.min(Math.max(Math.round(map.getZoom() + 1), told.minzoom), told.maxzoom);

function addHeat(map, told) {
  const form = told.tiles[0].split(".").at(-1);
  map.addSource("heat", {
    type: "raster",
    tiles: [`heat://{z}/{x}/{y}.${form}`],
    tileSize: 256,
    minzoom: told.minzoom,
    maxzoom: told.maxzoom,
    bounds: told.bounds,
    attribution: escaped(told.attribution ?? ""),
  });
  map.addLayer({ id: "heat", type: "raster", source: "heat", paint: { "raster-fade-duration": 150 } });
}

/** Text as HTML that shows it. */
function escaped(text) {
  const box = document.createElement("span");
  box.textContent = text;
  return box.innerHTML;
}

function showLegend(told, zoom) {
  const scale = told.legend[zoom];
  $("legend").hidden = !scale;
  if (!scale) return;
  const what = scale.unit ? `${scale.title}, ${scale.unit}` : scale.title;
  $("title").textContent = document.title = told.name;
  $("what").textContent = what === told.name ? "" : what;
  $("bar").style.background = `linear-gradient(to right, ${scale.colors.join(", ")})`;
  $("bar").setAttribute("aria-label", `${what} from ${scale.low_text} to ${scale.high_text}`);
  const ticks = scale.ticks.length ? scale.ticks : [[0, scale.low_text], [1, scale.high_text]];
  $("ticks").replaceChildren(...apart(ticks).map(([place, text]) => {
    const tick = document.createElement("span");
    tick.textContent = text;
    tick.style.left = `${place * 100}%`;
    tick.style.transform = `translateX(${-place * 100}%)`;
    return tick;
  }));
  $("zoom").textContent = `At this zoom (${zoom} of ${told.minzoom} to ${told.maxzoom})`;
}

/** Leave out ticks that would run into the one before. */
function apart(ticks, width = 228, letter = 6.6) {
  const kept = [];
  let end = -Infinity;
  for (const [place, text] of ticks.toSorted((one, other) => one[0] - other[0])) {
    const start = place * (width - text.length * letter);
    if (start < end + 8) continue;
    kept.push([place, text]);
    end = start + text.length * letter;
  }
  return kept;
}

described().then(open).catch((error) => fail(error.message));
