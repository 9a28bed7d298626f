/** The heat on one map: a new picture is loaded unseen, then put in the place of the old one. */

import { still } from "./dom.js";

const FADE = 220;

let number = 0;
let nothing;

/** A tile without heat, as a protocol gives it to MapLibre. */
export async function emptyTile() {
  nothing ??= createImageBitmap(new ImageData(1, 1));
  return { data: await createImageBitmap(await nothing) };
}

/**
 * Heat for a map.
 *
 * `show(address)` resolves to true when that heat is what one sees, to false when something newer took its place.
 * Heat that is still loading after `patience` milliseconds gives way to a newer address.
 */
export function createHeat(map, { minzoom = 0, maxzoom = 22, patience = 4000, busy = () => {} } = {}) {
  let shown = null;
  let pending = null;
  let next = null;
  let opacity = 1;

  const remove = (layer) => {
    if (!map.style) return; // the map is gone
    if (map.getLayer(layer.id)) map.removeLayer(layer.id);
    if (map.getSource(layer.id)) map.removeSource(layer.id);
  };

  function begin(layer) {
    pending = layer;
    map.addSource(layer.id, {
      type: "raster",
      tiles: [layer.address],
      tileSize: 256,
      minzoom,
      maxzoom,
    });
    map.addLayer({
      id: layer.id,
      type: "raster",
      source: layer.id,
      paint: {
        "raster-opacity": 0,
        "raster-opacity-transition": { duration: still.matches || layer.abrupt ? 0 : FADE, delay: 0 },
        "raster-fade-duration": still.matches ? 0 : 120,
        "raster-resampling": "linear",
      },
    }, map.getLayersOrder().find((id) => id.startsWith("above-")));
    busy(true);
    layer.timer = setTimeout(() => {
      layer.late = true;
      if (pending === layer && next) give(layer);
    }, patience);
  }

  function give(layer) {
    remove(layer);
    clearTimeout(layer.timer);
    pending = null;
    layer.done(false);
    follow();
  }

  function follow() {
    const wish = next;
    next = null;
    if (wish && map.style) begin(wish);
    else {
      wish?.done(false);
      busy(false);
    }
  }

  /** A source says that it is loaded before it has asked for any tile: so wait for the first one, or for rest. */
  function check(event) {
    const layer = pending;
    if (!layer || !map.getSource(layer.id)) return;
    if (event.type === "idle" || (event.sourceId === layer.id && event.tile)) layer.asked = true;
    if (!layer.asked || !map.isSourceLoaded(layer.id)) return;
    pending = null;
    clearTimeout(layer.timer);
    map.setPaintProperty(layer.id, "raster-opacity", opacity);
    if (shown) {
      const old = shown;
      map.setPaintProperty(old.id, "raster-opacity", 0);
      setTimeout(() => remove(old), still.matches || layer.abrupt ? 30 : FADE + 30);
    }
    shown = layer;
    layer.done(true);
    follow();
  }

  map.on("sourcedata", check);
  map.on("idle", check);

  return {
    show(address, { abrupt = false } = {}) {
      if (shown?.address === address && !pending) return Promise.resolve(true);
      if (pending?.address === address && !next) return pending.promise;
      if (next?.address === address) return next.promise;
      next?.done(false);
      const layer = { id: `heat-${number++}`, address, abrupt };
      layer.promise = new Promise((resolve) => (layer.done = resolve));
      next = layer;
      if (!pending) follow();
      else if (pending.late) give(pending);
      return layer.promise;
    },
    fade(value) {
      opacity = value;
      if (shown) map.setPaintProperty(shown.id, "raster-opacity", value);
    },
    waiting: () => Boolean(pending || next),
  };
}
