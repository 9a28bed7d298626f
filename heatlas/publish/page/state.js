/** What is shown, kept in the address after the #, so that a link or a bookmark restores it. */

import { viewOf, viewText } from "./web/map.js";

const slugs = [];
let state = { view: null, layer: 0, theme: "", opacity: 1, explorer: false };

/** Read the address; `names` are those of the layers. */
export function start(names) {
  slugs.push(...names);
  state = read();
  return state;
}

export const get = () => state;

/** Change some of the state. The address is replaced, not added to: "back" leaves the map. */
export function set(patch) {
  state = { ...state, ...patch };
  try {
    history.replaceState(null, "", `#${written()}`);
  } catch {
    // A page within a page may not change its address.
  }
}

/** Call when the user puts in another address or follows a link to here. */
export const whenGiven = (call) => addEventListener("hashchange", () => call((state = read())));

function written() {
  const { view, layer, theme, opacity, explorer } = state;
  const parts = [];
  if (view) parts.push(`map=${viewText(view)}`);
  if (slugs.length > 1) parts.push(`layer=${slugs[layer]}`);
  if (theme) parts.push(`theme=${theme}`);
  if (opacity !== 1) parts.push(`opacity=${opacity}`);
  if (explorer) parts.push("explorer=1");
  return parts.join("&");
}

function read() {
  const said = new URLSearchParams(location.hash.slice(1));
  const opacity = Number(said.get("opacity") ?? 1);
  return {
    view: viewOf(said.get("map") ?? ""),
    layer: Math.max(0, slugs.indexOf(said.get("layer") ?? "")),
    theme: ["dark", "light"].includes(said.get("theme")) ? said.get("theme") : "",
    opacity: opacity >= 0.1 && opacity <= 1 ? opacity : 1,
    explorer: said.get("explorer") === "1",
  };
}
