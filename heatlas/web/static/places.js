/** A list of places to go to. */

import { count, make } from "./dom.js";

/** A row of the list: name, and number if there is one; `go` is called when it is chosen. */
export function placeRow(name, number, go) {
  const button = make("button", { type: "button" },
    make("span", {}, name),
    number ? make("small", { className: "muted" }, count(number)) : "");
  button.addEventListener("click", go);
  return make("li", {}, button);
}
