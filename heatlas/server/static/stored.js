/** Lists that the browser stores for this address. */

/** A list of those that are `sound`; empty where nothing is stored, or something that somebody else left there. */
export function storedList(key, sound) {
  try {
    const read = JSON.parse(localStorage.getItem(key) ?? "[]");
    return Array.isArray(read) ? read.filter(sound) : [];
  } catch {
    return [];
  }
}

/** Store a list; false where the browser stores nothing. */
export function storeList(key, all) {
  try {
    localStorage.setItem(key, JSON.stringify(all));
    return true;
  } catch {
    return false;
  }
}
