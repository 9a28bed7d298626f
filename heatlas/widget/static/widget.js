/** A live map in a notebook. All that it shows is asked of the kernel, by messages; nothing comes from elsewhere. */

import { counted, make } from "./web/dom.js";
import { explorerText, showExplorer } from "./web/explorer.js";
import { createHeat } from "./web/heat.js";
import { addsUp, KERNELS, RADII } from "./web/kernels.js";
import { addScaleBar, createMap, tileZoom } from "./web/map.js";
import { drawn, hasTicks, leftOut, paintBar, tickElements, titleOf } from "./web/scale.js";
import { addWorld, colorWorld, decode } from "./web/world.js";

const SHARED = Symbol.for("heatlas.widget");
const WISHES = [
  "measure", "where", "sports", "after", "before", "colormap", "tone", "smooth", "radius", "kernel", "density", "theme",
];
/** Tiles that the kernel is asked for at a time: what is no longer wanted is then never drawn. */
const AT_ONCE = 4;
/** Pixels of the legend's bar, and of a letter below it. */
const ROOM = { width: 264, letter: 6.6, gap: 6.6 };
/** Activities that are named where was clicked. */
const NAMED = 8;

const widget = { render };
export { widget as default };

async function render({ model, el }) {
  const kernel = connect(model);
  const page = layOut(el, model);
  const ends = [() => kernel.close()];
  let gone = false;
  try {
    const [shared, about] = await Promise.all([sharedParts(kernel), kernel.ask({ kind: "about" })]);
    if (!gone) ends.push(show(model, kernel, page, shared, about.data));
  } catch (error) {
    page.say(error.message);
  }
  return () => {
    gone = true;
    for (const end of ends.reverse()) end();
  };
}

/** Questions to the kernel, and their answers. */
function connect(model) {
  const mine = `${Date.now()}-${Math.random()}`;
  const waiting = new Map();
  let count = 0;
  const hear = (content, buffers) => {
    const asked = waiting.get(content.id);
    if (!asked) return;
    waiting.delete(content.id);
    if (content.error) asked.reject(new Error(content.error));
    else asked.resolve({ data: content, buffers });
  };
  model.on("msg:custom", hear);
  return {
    ask(question) {
      const id = `${mine}-${count++}`;
      return new Promise((resolve, reject) => {
        waiting.set(id, { resolve, reject });
        model.send({ ...question, id });
      });
    },
    close() {
      model.off("msg:custom", hear);
      for (const asked of waiting.values()) asked.reject(new Error("closed"));
    },
  };
}

/** MapLibre and the world: loaded once for all maps of a page. */
function sharedParts(kernel) {
  globalThis[SHARED] ??= load(kernel).catch((error) => {
    delete globalThis[SHARED];
    throw error;
  });
  return globalThis[SHARED];
}

async function load(kernel) {
  const { data, buffers } = await kernel.ask({ kind: "parts" });
  const part = Object.fromEntries(data.names.map((name, i) => [name, buffers[i]]));
  const script = (name) => URL.createObjectURL(new Blob([part[name]], { type: "text/javascript" }));
  const text = (name) => new TextDecoder().decode(part[name]);
  const maplibre = await import(script("maplibre"));
  maplibre.setWorkerUrl(script("worker"));
  maplibre.setWorkerCount(1);
  const drawers = new Map();
  maplibre.addProtocol("heatlas", ({ url }, aborter) => {
    const [, name, stamp, z, x, y] = url.match(/^heatlas:\/\/(\d+)\/(\d+)\/(\d+)\/(\d+)\/(\d+)$/);
    return drawers.get(name)(Number(stamp), Number(z), Number(x), Number(y), aborter.signal);
  });
  let decoded;
  const world = () => (decoded ??= decode(JSON.parse(text("world"))));
  return { maplibre, world, style: text("style"), drawers, maps: 0 };
}

/** Everything but the map itself. */
function layOut(el, model) {
  const frame = make("div", { className: "heatlas" });
  const chart = make("div", { className: "heatlas-map" });
  const note = make("div", { className: "heatlas-note", hidden: true });
  const legend = make("div", { className: "heatlas-legend", hidden: true });
  const controls = make("div", { className: "heatlas-controls", hidden: true });
  const explored = make("div", { className: "heatlas-explored", hidden: true });
  explored.setAttribute("role", "status");
  frame.append(chart, controls, legend, explored, note);
  el.replaceChildren(frame);
  const resize = () => (frame.style.height = `${model.get("height")}px`);
  resize();
  return {
    frame, chart, legend, controls, explored, resize,
    say(words) {
      note.textContent = words;
      note.hidden = !words;
    },
  };
}

/** Put the map into the page, and keep it and the traits alike. Returns what takes it away again. */
function show(model, kernel, page, shared, about) {
  const { maplibre, world, drawers } = shared;
  const name = String(++shared.maps); // a notebook loads this module once for each map
  page.frame.prepend(make("style", { textContent: shared.style }));
  const map = createMap(maplibre, {
    container: page.chart,
    theme: model.get("theme"),
    ...place(model),
    minZoom: 0,
    maxZoom: 21.5,
  });
  map.addControl(new maplibre.NavigationControl({ showCompass: false }), "top-right");
  addScaleBar(maplibre, map, "bottom-left");
  map.on("error", () => {}); // what cannot be drawn is told by the legend
  const heat = createHeat(map, { minzoom: about.minzoom, maxzoom: about.maxzoom });
  heat.fade(model.get("opacity"));
  const tiles = createTiles(kernel);
  drawers.set(name, tiles.draw);
  const legend = createLegend(page, kernel, model, map);
  const explore = createExplorer(page, kernel, model, map, about);
  let loaded = false;
  const refresh = () => {
    if (!loaded) return;
    colorWorld(map, model.get("theme"));
    heat.show(`heatlas://${name}/${tiles.stamp(wishOf(model))}/{z}/{x}/{y}`);
    legend();
    explore();
  };
  const watched = watch(model, fillControls(page, model, about), {
    [[...WISHES, "_stamp"].map((trait) => `change:${trait}`).join(" ")]: refresh,
    "change:opacity": () => heat.fade(model.get("opacity")),
    "change:height": () => (page.resize(), map.resize()),
    "change:legend": legend,
    "change:explorer": () => loaded && explore(),
    "change:center change:zoom": () => page.telling || follow(model, map),
  });
  map.on("load", () => {
    loaded = true;
    refresh();
    told(page, model, map);
    addWorld(map, world(), model.get("theme"));
  });
  map.on("moveend", () => told(page, model, map));
  map.on("zoomend", legend);
  map.on("click", ({ lngLat }) => ofPoints(model, about) || tell(kernel, model, map, maplibre, lngLat.wrap()));
  const sized = new ResizeObserver(() => map.resize());
  sized.observe(page.frame);
  return () => {
    watched();
    sized.disconnect();
    drawers.delete(name);
    map.remove();
  };
}

/** Listen to a model: each of `listeners` has functions by the events that they hear. Returns what stops it. */
function watch(model, ...listeners) {
  const pairs = listeners.flatMap(Object.entries).flatMap(([events, hear]) => events.split(" ").map((event) => [event, hear]));
  for (const [event, hear] of pairs) model.on(event, hear);
  return () => pairs.forEach(([event, hear]) => model.off(event, hear));
}

/** Where a map begins; MapLibre's zoom is that of tiles of 512 px. */
function place(model) {
  const center = model.get("center");
  const zoom = model.get("zoom");
  const [west, south, east, north] = model.get("bbox");
  if (!center) return { bounds: [[west, south], [east, north]], fitBoundsOptions: { padding: 12, maxZoom: 16 } };
  return { center: [center[1], center[0]], zoom: zoom === null ? 11 : zoom - 1 };
}

/** Tell the model what is seen. */
function told(page, model, map) {
  const { lat, lng } = map.getCenter();
  const bounds = map.getBounds();
  page.telling = true; // each change is heard at once, when the others are not there yet
  model.set("center", [lat, lng]);
  model.set("zoom", map.getZoom() + 1);
  model.set("bbox", [bounds.getWest(), bounds.getSouth(), bounds.getEast(), bounds.getNorth()]);
  page.telling = false;
  model.save_changes();
}

/** Go where the model says, unless the map is there. */
function follow(model, map) {
  const center = model.get("center");
  const zoom = model.get("zoom");
  if (!center) return;
  const here = map.getCenter();
  const near = Math.abs(here.lat - center[0]) < 1e-6 && Math.abs(here.lng - center[1]) < 1e-6;
  if (near && (zoom === null || Math.abs(map.getZoom() + 1 - zoom) < 1e-3)) return;
  map.easeTo({ center: [center[1], center[0]], ...(zoom === null ? {} : { zoom: zoom - 1 }), duration: 500 });
}

const wishOf = (model) => Object.fromEntries(WISHES.map((trait) => [trait, model.get(trait)]));

/** Tiles from the kernel, few at a time; each wish has a number, its stamp, which is part of a tile's address. */
function createTiles(kernel) {
  const queue = [];
  const wishes = [];
  let busy = 0;

  function draw(stamp, z, x, y, signal) {
    return new Promise((resolve, reject) => {
      const job = { stamp, z, x, y, resolve, reject };
      queue.push(job);
      signal.addEventListener("abort", () => {
        const at = queue.indexOf(job);
        if (at >= 0) queue.splice(at, 1);
        reject(new DOMException("no longer wanted", "AbortError"));
      });
      work();
    });
  }

  async function work() {
    while (busy < AT_ONCE && queue.length) {
      const { stamp, resolve, reject, ...tile } = queue.shift();
      busy += 1;
      kernel
        .ask({ kind: "tile", ...tile, wish: wishes[stamp], dense: devicePixelRatio > 1 })
        .then(({ buffers }) => resolve({ data: bytes(buffers[0]) }), reject)
        .finally(() => {
          busy -= 1;
          work();
        });
    }
  }

  return { draw, stamp: (wish) => wishes.push(wish) - 1 };
}

/** Bytes of a buffer that may be a view of a larger one. */
const bytes = (view) =>
  view instanceof ArrayBuffer ? view : view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength);

/** The bar with numbers. Returns what brings it up to date. */
function createLegend(page, kernel, model, map) {
  let last = 0;
  return async () => {
    const mine = ++last;
    page.legend.hidden = !model.get("legend");
    try {
      const { data } = await kernel.ask({ kind: "scale", z: tileZoom(map), wish: wishOf(model) });
      if (mine !== last) return;
      page.say("");
      page.legend.replaceChildren(...legendOf(data));
    } catch (error) {
      if (mine === last && error.message !== "closed") page.say(error.message);
    }
  };
}

/** Explorer tiles and their numbers. Returns what brings them up to date. */
function createExplorer(page, kernel, model, map, about) {
  let last = 0;
  const say = (words) => {
    page.explored.textContent = words;
    page.explored.hidden = !words;
  };
  return async () => {
    const mine = ++last;
    const zoom = model.get("explorer");
    const show = (data) => showExplorer(map, data, model.get("theme"));
    if (zoom === null || ofPoints(model, about)) return show(null), say("");
    try {
      const { data } = await kernel.ask({ kind: "explorer", zoom, wish: wishOf(model) });
      if (mine !== last) return;
      show(data);
      say(explorerText(data));
    } catch (error) {
      if (mine !== last || error.message === "closed") return;
      show(null);
      say(error.message);
    }
  };
}

function legendOf(scale) {
  const points = scale.points !== undefined;
  const count = points ? counted(scale.points, "point") : counted(scale.activities, "activity");
  const head = make("div", { className: "heatlas-title" }, make("b", {}, titleOf(scale)), make("span", {}, count));
  const notes = leftOut([["", scale]]).map((words) => make("div", { className: "heatlas-note-line" }, words));
  if (!drawn(scale)) {
    const why = points ? "There is no point." : scale.activities ? "Too little is known to show this." : "No activity matches.";
    return [head, make("div", {}, why), ...notes];
  }
  const bar = make("div", { className: "heatlas-bar", role: "img" });
  paintBar(bar, scale);
  const ticks = !hasTicks(scale) ? "" : make("div", { className: "heatlas-ticks" }, ...tickElements(scale, ROOM));
  return [head, bar, ticks, scale.note ? make("div", { className: "heatlas-note-line" }, scale.note) : "", ...notes];
}

/** Fields for what is asked for most. Returns what is to be heard when traits change. */
function fillControls(page, model, about) {
  const choice = (label, options, get, set) => {
    const select = make("select", { ariaLabel: label, title: label });
    for (const [value, words] of options) select.append(make("option", { value }, words));
    const read = () => {
      const value = get();
      if (![...select.options].some((option) => option.value === value)) select.append(make("option", { value }, value));
      select.value = value;
    };
    read();
    select.addEventListener("change", () => (set(select.value), model.save_changes()));
    return { element: select, read };
  };
  const date = (label, trait) => {
    const input = make("input", { type: "date", ariaLabel: label, title: label, min: about.first, max: about.last });
    const read = () => (input.value = model.get(trait).slice(0, 10));
    read();
    input.addEventListener("change", () => (model.set(trait, input.value), model.save_changes()));
    return { element: input, read };
  };
  const all = {
    measure: choice("Measure", about.measures, () => model.get("measure"), (value) => model.set("measure", value)),
    sports: choice(
      "Sport",
      [["", "All sports"], ...about.sports.map(([sport, count]) => [sport, `${sport} (${count})`])],
      () => model.get("sports").join(", "),
      (value) => model.set("sports", value ? value.split(", ") : []),
    ),
    after: date("From this day on", "after"),
    before: date("Before this day", "before"),
    explorer: choice(
      "Explorer tiles",
      [["", "No explorer tiles"], ["14", "Explorer tiles of zoom 14"], ["17", "Explorer tiles of zoom 17"]],
      () => String(model.get("explorer") ?? ""),
      (value) => model.set("explorer", value ? Number(value) : null),
    ),
    radius: choice("Radius", RADII, () => model.get("radius"), (value) => model.set("radius", value)),
    kernel: choice("Shape", KERNELS, () => model.get("kernel"), (value) => model.set("kernel", value)),
    density: choice(
      "Density",
      [["", "In all"], ["1", "Per square kilometre"]],
      () => (model.get("density") ? "1" : ""),
      (value) => model.set("density", value === "1"),
    ),
  };
  const fit = () => {
    const points = ofPoints(model, about);
    for (const trait of ["sports", "after", "before", "explorer"]) all[trait].element.hidden = points;
    for (const trait of ["radius", "kernel"]) all[trait].element.hidden = !points;
    all.density.element.hidden = !points || !addsUp(model.get("measure"));
  };
  fit();
  page.controls.replaceChildren(...Object.values(all).map(({ element }) => element));
  const toggle = () => (page.controls.hidden = !model.get("controls"));
  toggle();
  const hearing = Object.entries(all).map(([trait, { read }]) => [`change:${trait}`, () => (read(), fit())]);
  return { "change:controls": toggle, ...Object.fromEntries(hearing) };
}

/** Whether points are shown: of those that are added up in a pixel nobody can be told. */
const ofPoints = (model, about) => about.measures.some(([name, , points]) => points && name === model.get("measure"));

/** Say who passed where was clicked. */
async function tell(kernel, model, map, maplibre, { lat, lng }) {
  const { data } = await kernel.ask({ kind: "who", lat, lon: lng, zoom: map.getZoom() + 1, wish: wishOf(model) });
  const rows = data.found.slice(0, NAMED).map((one) =>
    make("div", {}, make("b", {}, one.name || one.sport), ` ${one.start ? one.start.slice(0, 10) : ""}`));
  if (data.found.length > NAMED) rows.push(make("div", {}, `and ${data.found.length - NAMED} more`));
  if (!rows.length) rows.push(make("div", {}, "Nobody passed here."));
  new maplibre.Popup({ maxWidth: "260px" }).setLngLat([lng, lat]).setDOMContent(make("div", {}, ...rows)).addTo(map);
}
