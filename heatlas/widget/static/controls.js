/** Fields on a map in a notebook for what is asked for most. */

import { make } from "./web/dom.js";
import { addsUp, KERNELS, RADII } from "./web/kernels.js";

/** Fields for what is asked for most. Returns what is to be heard when traits change. */
export function fillControls(page, model, about) {
  const choice = (label, options, get, set) => {
    const select = make("select", { ariaLabel: label, title: label });
    for (const [value, words] of options) select.append(make("option", { value }, words));
    const read = () => {
      const value = get();
      if (![...select.options].some((option) => option.value === value)) select.append(make("option", { value }, value));
      select.value = value;
    };
    read();
    select.addEventListener("change", () => (set(select.value), model.save_changes()));
    return { element: select, read };
  };
  const date = (label, trait) => {
    const input = make("input", { type: "date", ariaLabel: label, title: label, min: about.first, max: about.last });
    const read = () => (input.value = model.get(trait).slice(0, 10));
    read();
    input.addEventListener("change", () => (model.set(trait, input.value), model.save_changes()));
    return { element: input, read };
  };
  const all = {
    measure: choice("Measure", about.measures, () => model.get("measure"), (value) => model.set("measure", value)),
    sport: choice(
      "Sport",
      [["", "All sports"], ...about.sports.map(([sport, count]) => [sport, `${sport} (${count})`])],
      () => model.get("sport").join(", "),
      (value) => model.set("sport", value ? value.split(", ") : []),
    ),
    after: date("From this day on", "after"),
    before: date("Before this day", "before"),
    explorer: choice(
      "Explorer tiles",
      [["", "No explorer tiles"], ["14", "Explorer tiles of zoom 14"], ["17", "Explorer tiles of zoom 17"]],
      () => String(model.get("explorer") ?? ""),
      (value) => model.set("explorer", value ? Number(value) : null),
    ),
    radius: choice("Radius", RADII, () => model.get("radius"), (value) => model.set("radius", value)),
    kernel: choice("Shape", KERNELS, () => model.get("kernel"), (value) => model.set("kernel", value)),
    density: choice(
      "Density",
      [["", "In all"], ["1", "Per square kilometre"]],
      () => (model.get("density") ? "1" : ""),
      (value) => model.set("density", value === "1"),
    ),
  };
  const fit = () => {
    const points = ofPoints(model, about);
    for (const trait of ["sport", "after", "before", "explorer"]) all[trait].element.hidden = points;
    for (const trait of ["radius", "kernel"]) all[trait].element.hidden = !points;
    all.density.element.hidden = !points || !addsUp(model.get("measure"));
  };
  fit();
  page.controls.replaceChildren(...Object.values(all).map(({ element }) => element));
  const toggle = () => (page.controls.hidden = !model.get("controls"));
  toggle();
  const hearing = Object.entries(all).map(([trait, { read }]) => [`change:${trait}`, () => (read(), fit())]);
  return { "change:controls": toggle, ...Object.fromEntries(hearing) };
}

/** Whether points are shown: of those that are added up in a pixel nobody can be told. */
export const ofPoints = (model, about) => about.measures.some(([name, , points]) => points && name === model.get("measure"));
