/** Filters that were saved with a name. They are kept by the browser, for this address; a link holds one with its name. */

import { storedList, storeList } from "./stored.js";

const KEY = "heatlas.filters";

/** Names and filters, in the order in which they were saved. */
export const saved = () => storedList(KEY, (one) => typeof one?.name === "string" && Array.isArray(one.sport));

const write = (all) => storeList(KEY, all);

/** Save a filter; one of the same name gives way. False where the browser keeps nothing. */
export function save(name, { sport, after, before, where }) {
  return write([...saved().filter((one) => one.name !== name), { name, sport, after, before, where }]);
}

export const forget = (name) => write(saved().filter((one) => one.name !== name));
