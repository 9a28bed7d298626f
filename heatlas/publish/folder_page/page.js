/** A folder of tiles on a map: reads tiles.json beside the page, and fetches from nowhere else. */

import { openFolder } from "./folder.js";
import { $ } from "./web/dom.js";
import { emptyTile } from "./web/heat.js";
import * as maplibre from "./web/vendor/maplibre-gl.mjs";

maplibre.addProtocol("heat", async ({ url }, { signal }) => {
  const answer = await fetch(new URL(url.slice("heat://".length), document.baseURI), { signal });
  if (answer.status === 404) return emptyTile();
  if (!answer.ok) throw Object.assign(new Error(answer.statusText), { status: answer.status });
  return { data: await answer.arrayBuffer() };
});

async function read(address) {
  const answer = await fetch(new URL(address, document.baseURI), { cache: "no-cache" });
  if (!answer.ok) throw new Error(`${address} cannot be had: ${answer.status} ${answer.statusText}`);
  return answer.json();
}

read("tiles.json").then((told) => openFolder(maplibre, told, read)).catch((error) => {
  $("trouble").hidden = false;
  $("why").textContent = error.message;
});
