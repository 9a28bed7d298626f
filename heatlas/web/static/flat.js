/** A map that needs no WebGL: drawn on a canvas, and used as MapLibre's map is, as far as these pages do. */

import { openHands } from "./flat_hands.js";
import { fromWorld, paintLayer, toWorld, worldFeatures } from "./flat_paint.js";
import { createFlatTiles } from "./flat_tiles.js";

const SIZE = 512; // pixels of the world at zoom 0

/** Whether a browser can draw with WebGL 2, without which there is no MapLibre. */
export function hasWebGL() {
  try {
    const pen = document.createElement("canvas").getContext("webgl2");
    pen?.getExtension("WEBGL_lose_context")?.loseContext();
    return Boolean(pen);
  } catch {
    return false;
  }
}

const lngLat = (place) => (Array.isArray(place) ? place : [place.lng, place.lat]);

/** A map on a canvas. Layers without a known type are not drawn. */
export class FlatMap {
  constructor({ container, style, center = [0, 0], zoom = 0, minZoom = 0, maxZoom = 22, pixelRatio = devicePixelRatio, hash = false, protocols = {}, bounds, fitBoundsOptions }) {
    this.container = typeof container === "string" ? document.getElementById(container) : container;
    this.canvas = document.createElement("canvas");
    this.canvas.className = "maplibregl-canvas";
    this.canvas.tabIndex = 0;
    this.canvas.setAttribute("role", "region");
    Object.assign(this.canvas.style, { position: "absolute", inset: 0, width: "100%", height: "100%", touchAction: "none", cursor: "grab" });
    this.container.append(this.canvas);
    this.pen = this.canvas.getContext("2d");
    this.ratio = pixelRatio;
    this.protocols = protocols; // scheme -> what reads tiles of such addresses
    this.limits = [minZoom, maxZoom];
    this.style = { _loaded: true, getSource: this.getSource, getLayer: this.getLayer }; // none when the map is gone
    this.layers = [...style.layers];
    this.sources = new Map();
    this.heard = new Map();
    this.flat = true;
    [this.x, this.y] = toWorld(lngLat(center));
    this.zoom = Math.min(maxZoom, Math.max(minZoom, zoom));
    for (const name of ["boxZoom", "dragPan", "keyboard", "touchZoomRotate"]) this[name] = switched();
    this.watcher = new ResizeObserver(() => this.resize());
    this.watcher.observe(this.container);
    this.resize();
    openHands(this);
    if (bounds) this.fitBounds(bounds, { ...fitBoundsOptions, duration: 0 });
    if (hash) this.keepHash();
    requestAnimationFrame(() => this.fire("load"));
  }

  // Events

  on(type, call) {
    this.heard.set(type, [...(this.heard.get(type) ?? []), call]);
    return this;
  }

  off(type, call) {
    this.heard.set(type, (this.heard.get(type) ?? []).filter((one) => one !== call && one.call !== call));
  }

  once(type, call) {
    const once = (event) => (this.off(type, once), call(event));
    return this.on(type, once);
  }

  fire(type, event = {}) {
    if (this.style) for (const call of this.heard.get(type) ?? []) call({ type, target: this, ...event });
  }

  // Where it is

  get scale() {
    return SIZE * 2 ** this.zoom;
  }

  getCanvas = () => this.canvas;
  getContainer = () => this.container;
  getZoom = () => this.zoom;
  isStyleLoaded = () => true;

  getCenter() {
    const { lng, lat } = fromWorld(this.x, this.y);
    return { lng: ((((lng + 180) % 360) + 360) % 360) - 180, lat };
  }

  getBounds() {
    const [west, north] = this.placeOf([0, 0]);
    const [east, south] = this.placeOf([this.width, this.height]);
    return { getWest: () => west, getNorth: () => north, getEast: () => east, getSouth: () => south };
  }

  placeOf([left, top]) {
    const { lng, lat } = fromWorld(this.x + (left - this.width / 2) / this.scale, this.y + (top - this.height / 2) / this.scale);
    return [lng, lat];
  }

  unproject(point) {
    const [lng, lat] = this.placeOf(Array.isArray(point) ? point : [point.x, point.y]);
    return { lng, lat };
  }

  project(place) {
    const [x, y] = toWorld(lngLat(place));
    return { x: this.width / 2 + (x - this.x) * this.scale, y: this.height / 2 + (y - this.y) * this.scale };
  }

  /** Move so that a place of the world and a zoom lie at the centre; `last` unless more moves follow at once. */
  moveTo(x, y, zoom, last = true) {
    const before = this.zoom;
    this.zoom = Math.min(this.limits[1], Math.max(this.limits[0], zoom));
    const room = Math.min(0.5, this.height / 2 / this.scale); // the world ends in the north and in the south
    this.x = x - Math.floor(x);
    this.y = Math.min(1 - room, Math.max(room, y));
    this.fire("move");
    if (before !== this.zoom) this.fire("zoom");
    if (last) this.fire("moveend");
    this.triggerRepaint();
  }

  jumpTo({ center, zoom = this.zoom }) {
    const [x, y] = center ? toWorld(lngLat(center)) : [this.x, this.y];
    this.moveTo(x, y, zoom);
  }

  panBy([right, down], { last = true } = {}) {
    this.moveTo(this.x + right / this.scale, this.y + down / this.scale, this.zoom, last);
  }

  /** Zoom about a point of the screen, by default the middle. */
  zoomBy(by, [left, top] = [this.width / 2, this.height / 2], last = true) {
    const zoom = Math.min(this.limits[1], Math.max(this.limits[0], this.zoom + by));
    const [x, y] = [left - this.width / 2, top - this.height / 2];
    const share = 1 / this.scale - 1 / (SIZE * 2 ** zoom);
    this.moveTo(this.x + x * share, this.y + y * share, zoom, last);
  }

  zoomIn = () => this.zoomBy(1);
  zoomOut = () => this.zoomBy(-1);

  fitBounds([southWest, northEast], { padding = 0, maxZoom = 22 } = {}) {
    const room = typeof padding === "number" ? { left: padding, right: padding, top: padding, bottom: padding } : padding;
    const [left, bottom] = toWorld(southWest);
    const [right, top] = toWorld(northEast);
    const wide = Math.max(40, this.width - room.left - room.right);
    const high = Math.max(40, this.height - room.top - room.bottom);
    const zoom = Math.min(maxZoom, Math.log2(Math.min(wide / Math.max(right - left, 1e-9), high / Math.max(bottom - top, 1e-9)) / SIZE));
    const scale = SIZE * 2 ** Math.max(zoom, this.limits[0]);
    this.moveTo((left + right) / 2 - (room.left - room.right) / 2 / scale, (top + bottom) / 2 - (room.top - room.bottom) / 2 / scale, zoom);
  }

  /** Keep the place in the address, as MapLibre does: #zoom/lat/lng. */
  keepHash() {
    const read = () => {
      const [zoom, lat, lng] = location.hash.slice(1).split("/").map(Number);
      if ([zoom, lat, lng].every(Number.isFinite)) this.jumpTo({ center: [lng, lat], zoom });
    };
    read();
    addEventListener("hashchange", read);
    this.on("moveend", () => {
      const { lng, lat } = this.getCenter();
      history.replaceState(history.state, "", `#${this.zoom.toFixed(2)}/${lat.toFixed(5)}/${lng.toFixed(5)}`);
    });
  }

  // What is drawn

  getStyle = () => ({ version: 8, sources: Object.fromEntries(this.sources), layers: [...this.layers] });
  getLayersOrder = () => this.layers.map(({ id }) => id);
  getLayer = (id) => this.layers.find((layer) => layer.id === id);
  getSource = (id) => this.sources.get(id);
  isSourceLoaded = (id) => this.sources.get(id)?.tiles?.loaded() ?? true;

  addSource(id, spec) {
    const source = { spec };
    if (spec.type === "raster") {
      const told = (type, tile, error) => {
        this.triggerRepaint();
        this.fire(type, { sourceId: id, tile, error, dataType: "source" });
      };
      source.tiles = createFlatTiles(spec, { protocols: this.protocols, ratio: this.ratio, told });
    } else if (spec.type === "geojson") {
      source.setData = (data) => {
        source.features = worldFeatures(data);
        this.triggerRepaint();
      };
      source.setData(spec.data);
    }
    this.sources.set(id, source);
  }

  removeSource(id) {
    this.sources.get(id)?.tiles?.close();
    this.sources.delete(id);
  }

  addLayer(layer, before) {
    const at = this.layers.findIndex(({ id }) => id === before);
    this.layers.splice(at < 0 ? this.layers.length : at, 0, { ...layer, paint: { ...layer.paint } });
    this.triggerRepaint();
  }

  removeLayer(id) {
    this.layers = this.layers.filter((layer) => layer.id !== id);
    this.triggerRepaint();
  }

  setPaintProperty(id, name, value) {
    const layer = this.getLayer(id);
    if (layer) layer.paint[name] = value;
    this.triggerRepaint();
  }

  setLayoutProperty(id, name, value) {
    const layer = this.getLayer(id);
    if (layer) layer.layout = { ...layer.layout, [name]: value };
    this.triggerRepaint();
  }

  /** Controls of MapLibre are left out: each page has buttons of its own, or adds them. */
  addControl() {}

  resize() {
    [this.width, this.height] = [this.container.clientWidth, this.container.clientHeight];
    Object.assign(this.canvas, { width: Math.round(this.width * this.ratio), height: Math.round(this.height * this.ratio) });
    this.triggerRepaint();
  }

  triggerRepaint() {
    this.painting ??= requestAnimationFrame(() => {
      this.painting = null;
      if (this.style) this.paint();
    });
  }

  paint() {
    const { pen, width, height, scale, x, y } = this;
    const edge = (part, size) => part + size / 2 / scale;
    pen.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    const view = {
      pen, width, height, zoom: this.zoom, taken: [], font: getComputedStyle(this.container).fontFamily,
      west: edge(x, -width), east: edge(x, width), north: edge(y, -height), south: edge(y, height),
      pixel: (u, v) => [width / 2 + (u - x) * scale, height / 2 + (v - y) * scale],
    };
    for (const layer of this.layers) paintLayer(layer, this.sources.get(layer.source), view);
    this.fire("render");
    if ([...this.sources.keys()].every(this.isSourceLoaded)) this.fire("idle");
  }

  remove() {
    for (const id of [...this.sources.keys()]) this.removeSource(id);
    this.watcher.disconnect();
    this.canvas.remove();
    this.style = undefined;
  }
}

/** A way to move the map, as MapLibre has it: on or off. */
function switched() {
  let on = true;
  return { enable: () => (on = true), disable: () => (on = false), isEnabled: () => on };
}
