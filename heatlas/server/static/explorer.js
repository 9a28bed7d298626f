/** Explorer tiles of what is shown: asked of the server, drawn on the maps, and their numbers in the panel. */

import { explorer } from "./api.js";
import { pointsOf } from "./points.js";
import { get } from "./state.js";
import { $ } from "./web/dom.js";
import { explorerText, showExplorer } from "./web/explorer.js";

let asking = new AbortController();

/** Whether explorer tiles are to be seen. */
const wanted = (now) => Boolean(now.explorer) && !pointsOf(now.measure);

/** Draw explorer tiles on maps by the name of their side, or take them away. */
export async function drawExplorer(maps, theme, version) {
  asking.abort();
  asking = new AbortController();
  const { signal } = asking;
  const now = get();
  const numbers = $("explorer-numbers");
  if (!wanted(now)) {
    numbers.textContent = "";
    for (const map of Object.values(maps)) showExplorer(map, null, theme);
    return;
  }
  numbers.textContent ||= "…";
  const ask = async (side) => [side, await explorer(now.explorer, now[side], version, signal)];
  try {
    const found = await Promise.all(Object.keys(maps).filter((side) => maps[side] && now[side]).map(ask));
    if (signal.aborted) return;
    for (const [side, data] of found) {
      showExplorer(maps[side], data, theme);
      if (side === now.side) numbers.textContent = explorerText(data);
    }
  } catch (error) {
    if (error.name === "AbortError") return; // something newer is asked
    numbers.textContent = error.message;
    for (const map of Object.values(maps)) showExplorer(map, null, theme);
  }
}
