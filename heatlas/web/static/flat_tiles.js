/** Tiles of one source for a map that is drawn without WebGL. */

const KEPT = 300; // tiles that are not in view

/** An error as MapLibre tells one, with the status of the answer. */
const refused = (status) => Object.assign(new Error(`the tile was answered ${status}`), { status });

/** Read a picture: by a protocol of the page, or from an address. */
async function readPicture(url, protocols, controller) {
  const [, scheme] = url.match(/^(\w+):\/\//) ?? [];
  if (Object.hasOwn(protocols, scheme)) {
    const { data } = await protocols[scheme]({ url }, controller);
    return data instanceof ArrayBuffer || ArrayBuffer.isView(data) ? createImageBitmap(new Blob([data])) : data;
  }
  const answer = await fetch(url, { signal: controller.signal });
  if (!answer.ok) throw refused(answer.status);
  return createImageBitmap(await answer.blob());
}

/**
 * Tiles of a source as in MapLibre's styles. `told(type, tile, error)` hears of "sourcedataloading", "sourcedata" and "error".
 */
export function createFlatTiles({ tiles: [template], tileSize = 512, minzoom = 0, maxzoom = 22, bounds }, { protocols, ratio, told }) {
  const known = new Map(); // "z/x/y" -> tile, those used last at the end
  let wanted = new Set();
  let asked = false;

  const addressOf = (z, x, y) =>
    template.replace("{z}", z).replace("{x}", x).replace("{y}", y).replace("{ratio}", ratio > 1.5 ? "@2x" : "");

  async function load(key, z, x, y) {
    const tile = { key, z, x, y, state: "loading", picture: null, controller: new AbortController() };
    known.set(key, tile);
    told("sourcedataloading", tile);
    try {
      tile.picture = await readPicture(addressOf(z, x, y), protocols, tile.controller);
      tile.state = "loaded";
    } catch (error) {
      if (tile.controller.signal.aborted) return;
      tile.state = "errored";
      return told("error", tile, error);
    }
    told("sourcedata", tile);
  }

  function drop(key, tile) {
    known.delete(key);
    tile.controller.abort();
    tile.picture?.close?.();
  }

  const covers = (z, x, y) => {
    if (!bounds) return true;
    const lon = (k) => (k / 2 ** z) * 360 - 180;
    const lat = (k) => (Math.atan(Math.sinh(Math.PI * (1 - (2 * k) / 2 ** z))) * 180) / Math.PI;
    return lon(x) < bounds[2] && lon(x + 1) > bounds[0] && lat(y) > bounds[1] && lat(y + 1) < bounds[3];
  };

  return {
    /** The tiles of a view as [tile or null, z, x, y], x beyond the world's edge where it repeats; missing ones are asked for. */
    inView({ west, east, north, south, zoom }) {
      const z = Math.min(Math.max(Math.round(zoom + Math.log2(512 / tileSize)), minzoom), maxzoom);
      const across = 2 ** z;
      const found = [];
      wanted = new Set();
      for (let y = Math.max(0, Math.floor(north * across)); y <= Math.min(across - 1, Math.floor(south * across)); y += 1) {
        for (let x = Math.floor(west * across); x <= Math.floor(east * across); x += 1) {
          const turned = ((x % across) + across) % across;
          if (!covers(z, turned, y)) continue;
          const key = `${z}/${turned}/${y}`;
          wanted.add(key);
          if (!known.has(key)) load(key, z, turned, y);
          const tile = known.get(key);
          known.delete(key);
          known.set(key, tile);
          found.push([tile, z, x, y]);
        }
      }
      asked = true;
      for (const [key, tile] of [...known]) {
        const idle = !wanted.has(key);
        if (idle && (tile.state !== "loaded" || known.size > KEPT)) drop(key, tile);
      }
      return found;
    },
    /** The nearest tile above one that is there: its picture, and how many zooms above. */
    above(z, x, y) {
      for (let up = 1; up <= z; up += 1) {
        const turned = (((x >> up) % 2 ** (z - up)) + 2 ** (z - up)) % 2 ** (z - up);
        const tile = known.get(`${z - up}/${turned}/${y >> up}`);
        if (tile?.picture) return { picture: tile.picture, up };
      }
      return null;
    },
    loaded: () => asked && [...wanted].every((key) => known.get(key)?.state !== "loading"),
    close() {
      for (const [key, tile] of [...known]) drop(key, tile);
    },
  };
}
