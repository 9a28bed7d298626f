/** A list of places to go to. */

import { count, make } from "./dom.js";

/** Where the middle of a box lies, and what is written of it. */
export function middleOf([west, south, east, north], [lon, lat] = [(west + east) / 2, (south + north) / 2]) {
  const text = `${Math.abs(lat).toFixed(2)}° ${lat < 0 ? "S" : "N"}, ${Math.abs(lon).toFixed(2)}° ${lon < 0 ? "W" : "E"}`;
  return { lon, lat, text };
}

/** A row of the list: name, position if there is one, number if there is one; `go` is called when it is chosen. */
export function placeRow(name, position, number, go) {
  const small = (text) => make("small", { className: "muted" }, text);
  const button = make("button", { type: "button" },
    make("span", {}, name, position ? small(` ${position}`) : ""),
    number ? small(count(number)) : "");
  button.addEventListener("click", go);
  return make("li", {}, button);
}
