/** The heat on one map: a new picture is loaded unseen, then put in the place of the old one. */

import { still } from "./dom.js";

const FADE = 220;
/** Milliseconds after a cancelled picture before the next is asked for, and after one more: quick changes ask for few tiles. */
const RESTS = [240, 400];
/** Milliseconds after which old heat is dimmed; of pictures that are played later, as each waits for the one before. */
const PATIENCE = { usual: 250, played: 1500 };
const DIM = 0.4;
/** Seconds until tiles that failed are asked for again; then the last one again and again. */
const WAITS = [0.5, 1, 2, 4, 8, 15, 30];
/** Tries after which a picture is shown although some of its tiles fail. */
const ENOUGH = 2;

let number = 0;
let nothing;

/** A tile without heat, as a protocol gives it to MapLibre. */
export async function emptyTile() {
  nothing ??= createImageBitmap(new ImageData(1, 1));
  return { data: await createImageBitmap(await nothing) };
}

/** Whether it makes sense to ask for a tile again; a request that is refused stays refused. */
const mayPass = ({ status }) => !(status >= 400 && status < 500) || status === 408 || status === 429;

/**
 * Heat for a map.
 *
 * `busy(on)` is told whether tiles are loading, `stale(on)` whether what one sees is not what was asked for, and
 * `missing(n)` how many tiles of what one sees could not be had; they are asked for again with growing waits.
 * `source` is more of MapLibre's source: bounds, attribution.
 */
export function createHeat(map, { minzoom = 0, maxzoom = 22, busy = () => {}, stale = () => {}, missing = () => {}, source = {} } = {}) {
  let shown = null; // what one sees
  let pending = null; // what is loading unseen
  let next = null; // what is asked for when a cancelled one has left
  let opacity = 1;
  let tries = 0;
  let again = null; // timer
  let dimming = null; // timer
  let dimmed = false;
  let resting = null; // timer
  let hasty = 0; // pictures that were cancelled since one was seen
  let settling = []; // whoever waits until all tiles of what was asked for are seen

  const remove = (layer) => {
    if (!map.style) return; // the map is gone
    if (map.getLayer(layer.id)) map.removeLayer(layer.id);
    if (map.getSource(layer.id)) map.removeSource(layer.id);
  };

  const loading = () => Boolean(shown && map.style && map.getSource(shown.id) && !map.isSourceLoaded(shown.id));
  const tell = () => busy(Boolean(pending || next || loading()));

  function begin(layer) {
    clearTimeout(again);
    pending = layer;
    layer.failed = 0;
    layer.had = 0;
    layer.asked = layer.tired = false;
    layer.id = `heat-${number++}`;
    map.addSource(layer.id, { ...source, type: "raster", tiles: [layer.address], tileSize: 256, minzoom, maxzoom });
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
    tell();
  }

  /** Let old heat be seen to be old, if it takes long. */
  function dim(patience) {
    if (dimming || dimmed || !shown) return;
    dimming = setTimeout(() => {
      dimming = null;
      dimmed = true;
      stale(true);
      if (map.style && shown) map.setPaintProperty(shown.id, "raster-opacity", opacity * DIM);
    }, patience);
  }

  function brighten() {
    clearTimeout(dimming);
    dimming = null;
    if (dimmed) stale(false);
    dimmed = false;
    if (map.style && shown) map.setPaintProperty(shown.id, "raster-opacity", opacity);
  }

  /** Cancel what is loading: its requests are given up at once. */
  function cancel() {
    clearTimeout(again);
    const layer = pending;
    pending = null;
    if (layer) remove(layer);
    return layer;
  }

  const follow = () => {
    const layer = next;
    next = null;
    if (!layer) return;
    if (map.style) return begin(layer);
    layer.done(false);
    tell();
  };

  /** Ask for tiles that failed again, after a while: all of a picture, most of which the browser remembers. */
  function askAgain(layer) {
    clearTimeout(again);
    again = setTimeout(() => {
      if (next || !map.style) return;
      if (pending && pending !== layer) return;
      if (pending) remove(pending);
      begin(layer === shown ? repeated(layer) : layer);
    }, WAITS[Math.min(tries, WAITS.length - 1)] * 1000);
    tries += 1;
  }

  const repeated = (layer) => ({ ...layer, done() {}, abrupt: true, gate: null });

  /** A source says that it is loaded before it has asked for any tile: so wait for the first one, or for rest. */
  function check(event) {
    if (event.type === "sourcedata" && event.tile?.state === "loaded" && event.sourceId === pending?.id) pending.had += 1;
    const layer = pending;
    if (!layer || !map.style || !map.getSource(layer.id)) return settle();
    if (event.type === "idle" || (event.sourceId === layer.id && event.tile)) layer.asked = true;
    if (!layer.asked || layer.gate || !map.isSourceLoaded(layer.id)) return;
    const poor = layer.failed && !(layer.had && tries >= ENOUGH);
    if (poor) {
      // Nothing is drawn of it: what is seen stays, and this is tried again.
      if (!layer.tired) askAgain(layer);
      layer.tired = true;
      return busy(false);
    }
    put(layer);
  }

  /** Show what was loaded unseen. */
  function put(layer) {
    pending = null;
    hasty = 0;
    const old = shown;
    shown = layer;
    if (old) {
      map.setPaintProperty(old.id, "raster-opacity", 0);
      setTimeout(() => remove(old), still.matches || layer.abrupt ? 30 : FADE + 30);
    }
    brighten();
    missing(layer.failed);
    if (layer.failed) askAgain(layer);
    else tries = 0;
    layer.done(true);
    tell();
    settle();
  }

  function settle() {
    tell();
    if (pending || next || !shown || shown.failed || loading()) return;
    for (const done of settling.splice(0)) done();
  }

  function failed({ sourceId, error }) {
    const layer = [pending, shown].find((one) => one && one.id === sourceId);
    if (!layer || !mayPass(error ?? {})) return;
    layer.failed += 1;
    if (layer !== shown) return check({ type: "error", sourceId, tile: true });
    missing(layer.failed);
    if (!pending && layer.failed === 1) askAgain(layer);
  }

  map.on("sourcedata", check);
  map.on("sourcedataloading", tell);
  map.on("idle", check);
  map.on("error", failed);

  return {
    /**
     * Show the tiles of an address. Resolves to true when one sees them, to false when something newer took their
     * place. They are seen when `gate`, a promise, is settled, too: what else is to change with them.
     */
    show(address, { abrupt = false, gate = null } = {}) {
      if (shown?.address === address && !pending && !next && !shown.failed) return brighten(), Promise.resolve(true);
      for (const layer of [pending, next]) {
        if (layer?.address !== address || layer === shown || !layer.promise) continue;
        open(layer, gate);
        return layer.promise;
      }
      const given = [cancel(), next].filter(Boolean);
      next = null;
      for (const layer of given) layer.done(false);
      const layer = { address, abrupt };
      layer.promise = new Promise((resolve) => (layer.done = resolve));
      open(layer, gate);
      tries = 0;
      next = layer;
      if (shown?.address === address) clearTimeout(dimming), (dimming = null);
      else dim(abrupt ? PATIENCE.played : PATIENCE.usual);
      clearTimeout(resting);
      if (given.length) resting = setTimeout(follow, RESTS[Math.min(hasty++, RESTS.length - 1)]);
      else follow();
      tell();
      return layer.promise;
    },
    /** What one sees is old, although nothing newer is loading yet. */
    outdated: () => dim(PATIENCE.usual),
    /** Ask at once for tiles that failed. */
    retry() {
      tries = 0;
      const layer = pending?.failed ? pending : !pending && !next && shown?.failed ? shown : null;
      if (!layer || !map.style) return;
      if (layer === pending) remove(layer);
      begin(layer === shown ? repeated(layer) : layer);
    },
    fade(value) {
      opacity = value;
      if (shown) map.setPaintProperty(shown.id, "raster-opacity", dimmed ? value * DIM : value);
    },
    waiting: () => Boolean(pending || next || loading()),
    /** Resolves when all tiles of what was asked for are seen, also of the view that the map has moved to. */
    settled: () => new Promise((resolve) => (settling.push(resolve), settle())),
  };

  function open(layer, gate) {
    layer.gate = gate;
    gate?.catch(() => {}).then(() => {
      if (layer.gate !== gate) return;
      layer.gate = null;
      check({ type: "gate" });
    });
  }
}
