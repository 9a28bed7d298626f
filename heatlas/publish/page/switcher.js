/** Which layer is shown: radio buttons in groups, and a button that goes through a group by itself. */

import { $, count, make, still } from "./web/dom.js";

const REST = 1600; // milliseconds for each layer of a group that is played
const MANY = 3;

/** Fill the form; `choose(number)` resolves when that layer is seen. */
export function openSwitcher(layers, choose) {
  const form = $("layers");
  form.hidden = layers.length < 2;
  for (const [name, numbers] of grouped(layers)) {
    const chips = make("div", { className: "chips" }, ...numbers.map((k) => chip(layers[k], k)));
    const head = make("legend", {}, name || "Layer");
    form.append(make("fieldset", { className: "field" }, head, chips));
    if (numbers.length >= MANY) head.append(player(name, numbers, choose));
  }
  form.addEventListener("change", (event) => {
    rest();
    choose(Number(event.target.value));
  });
  form.addEventListener("submit", (event) => event.preventDefault());
}

/** Tick a layer. */
export function showChosen(number) {
  const input = $("layers").querySelector(`input[value="${number}"]`);
  if (input) input.checked = true;
}

function grouped(layers) {
  const groups = new Map();
  layers.forEach(({ group }, k) => groups.set(group, [...(groups.get(group) ?? []), k]));
  return groups;
}

function chip({ title, activities }, number) {
  const input = make("input", { type: "radio", name: "layer", value: String(number) });
  const words = make("span", { className: "chip" }, title);
  if (activities) words.append(make("small", { title: "activities" }, count(activities)));
  return make("label", {}, input, words);
}

let playing = null;

/** Stop going through a group. */
export function rest() {
  if (!playing) return;
  clearTimeout(playing.timer);
  show(playing.button, false);
  playing = null;
}

function show(button, on) {
  button.setAttribute("aria-pressed", on);
  button.querySelector("use").setAttribute("href", on ? "#i-pause" : "#i-play");
}

function player(name, numbers, choose) {
  const button = make("button", { type: "button", className: "play" });
  button.innerHTML = '<svg aria-hidden="true"><use href="#i-play"/></svg>';
  button.setAttribute("aria-label", `Play: ${name || "layers"}, one after the other`);
  button.setAttribute("aria-pressed", "false");
  button.addEventListener("click", () => {
    const mine = playing?.button === button;
    rest();
    if (mine) return;
    const turn = (playing = { button, timer: 0 });
    show(button, true);
    const step = async (k) => {
      await choose(numbers[k]);
      if (playing !== turn) return;
      if (k + 1 < numbers.length) turn.timer = setTimeout(step, still.matches ? 2 * REST : REST, k + 1);
      else rest();
    };
    step(0);
  });
  return button;
}
