/** A folder of tiles that is opened from disk, where nothing can be fetched: what the page needs comes in scripts. */

import { openFolder } from "./folder.js";
import { worldFrom } from "./web/world.js";

const WORDS = "Opened from disk, this map is drawn in a simpler way. A web server shows it as it is meant.";

/** Read a tile as a picture; where there is none, nothing is drawn. */
async function picture({ url }) {
  const image = new Image();
  image.src = new URL(url.slice("heat://".length), document.baseURI).href;
  return { data: await image.decode().then(() => image, () => null) };
}

const { tiles, world, beside } = globalThis.heatlas;
worldFrom(async () => world);
openFolder({ config: { REGISTERED_PROTOCOLS: { heat: picture } } }, tiles, async (name) => beside[name.split("/").at(-1)], WORDS);
