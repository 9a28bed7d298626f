/** Filters that were saved with a name. They are kept by the browser, for this address; a link holds one with its name. */

const KEY = "heatlas.filters";

/** Names and filters, in the order in which they were saved. */
export function saved() {
  try {
    const read = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    return Array.isArray(read) ? read.filter((one) => typeof one?.name === "string" && Array.isArray(one.sport)) : [];
  } catch {
    return []; // no storage, or what somebody else left there
  }
}

function write(all) {
  try {
    localStorage.setItem(KEY, JSON.stringify(all));
    return true;
  } catch {
    return false;
  }
}

/** Save a filter; one of the same name gives way. False where the browser keeps nothing. */
export function save(name, { sport, after, before, where }) {
  return write([...saved().filter((one) => one.name !== name), { name, sport, after, before, where }]);
}

export const forget = (name) => write(saved().filter((one) => one.name !== name));
