/** Streets of vector tiles in Protomaps' schema, in colours that lie still beneath heat; their names stand above it. */

import { layers, namedFlavor } from "./vendor/protomaps-basemaps.mjs";
import { COLORS, NAME_FONT } from "./world.js";

/** Protomaps' plainest colours, on the ground of these pages. */
const FLAVORS = {
  dark: () => flavor("black", { minor: "#27313e", major: "#32404f", highway: "#3d4c5e", casing: "#10151c", building: "#171e27", green: "#141c20" }),
  light: () => flavor("white", { minor: "#dfd9cd", major: "#d3cbbc", highway: "#c8beac", casing: "#f7f5f0", building: "#ece8df", green: "#edf0e4" }),
};
/** Layers that need pictures of signs, or that say what the page says itself: names of towns and countries. */
const WITHOUT = /^(background|address_label|roads_oneway|roads_shields|places_(region|locality|country)|boundaries.*|earth_label_islands|water_label_ocean)$/;

function flavor(name, { minor, major, highway, casing, building, green }) {
  const known = namedFlavor(name);
  const { sea, land, label, veil } = COLORS[name === "black" ? "dark" : "light"];
  const own = Object.entries(known).map(([part, color]) => {
    if (/halo$/.test(part)) return [part, veil];
    if (/label/.test(part)) return [part, label];
    if (/casing/.test(part)) return [part, casing];
    if (/highway/.test(part)) return [part, highway];
    if (/major/.test(part)) return [part, major];
    if (/minor|link|other|railway|runway|pier/.test(part)) return [part, minor];
    return [part, color];
  });
  const greens = ["park_a", "park_b", "wood_a", "wood_b", "scrub_a", "scrub_b", "zoo"];
  const areas = ["hospital", "industrial", "school", "pedestrian", "glacier", "sand", "beach", "aerodrome", "military"];
  return {
    ...Object.fromEntries(own), earth: land, background: land, water: sea, buildings: building,
    ...Object.fromEntries(greens.map((part) => [part, green])), ...Object.fromEntries(areas.map((part) => [part, land])),
  };
}

/** Layers of a source of vector tiles, those that lie beneath the heat first; names have ids that begin with above-. */
export function streetLayers(source, theme) {
  const all = layers(source, FLAVORS[theme](), { lang: "en" }).filter(({ id }) => !WITHOUT.test(id));
  return all.map((layer) => (layer.type === "symbol" ? named(layer) : { ...layer, id: `base-${layer.id}` }));
}

/** A layer of names in the browser's own font, as places call themselves, without pictures. */
function named({ layout, ...layer }) {
  const plain = Object.fromEntries(Object.entries(layout).filter(([name]) => !name.startsWith("icon-")));
  return {
    ...layer, id: `above-base-${layer.id}`,
    layout: { ...plain, "text-field": ["coalesce", ["get", "name"], ["get", "name:en"], ""], "text-font": NAME_FONT },
  };
}
