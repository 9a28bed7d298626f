/** The filter that is written: completed by names of attributes and values of the one before, and tried before it is taken. */

import { drawQuery, Refused, scale } from "./api.js";
import { quoted } from "./conditions.js";
import { attributes, values } from "./single.js";
import { filter, get, setFilter } from "./state.js";
import { $, later, make } from "./web/dom.js";

const MOST = 8;
const SIGNS = "=|<>|!=|>=|<=|>|<|LIKE|IN";
const AFTER = new RegExp(`(\\w+)\\s*(?:NOT\\s+)?(${SIGNS})\\s*(?:\\((?:\\s*'(?:[^']|'')*'\\s*,)*\\s*)?('?)([^'()]*)$`, "i");
const WORD = /(?:^|[\s(])(\w*)$/;
const HINTS = { number: "number", whole: "number", flag: "yes or no", moment: "DATE('2024-05-01')" };
const UNITS = { distance: "5 km", moving_time: "1h30", elapsed_time: "1h30" };

let names = [];
let choices = [];
let at = -1;

/** Take the attributes of a library. */
export async function fillCompletion(library) {
  names = library.public || !library.activities ? [] : (await attributes().catch(() => ({ attributes: [] }))).attributes;
  $("attributes").replaceChildren(...names.map(({ name, kind, examples }) => {
    const button = make("button", { type: "button" }, make("span", {}, name), make("small", { className: "muted" }, UNITS[name] ?? HINTS[kind] ?? examples.slice(0, 2).map(quoted).join(", ") ?? "text"));
    button.addEventListener("click", () => insert(name));
    return make("li", {}, button);
  }));
  $("attribute-list").hidden = !names.length;
}

/** What can follow: [[text to put in, what is said], ...] and how many characters before the caret it replaces. */
async function offer(text) {
  const value = AFTER.exec(text);
  const known = value && names.find(({ name }) => name === value[1]);
  if (known) {
    if (known.kind === "flag") return [[["TRUE", ""], ["FALSE", ""]], value[4].length];
    if (known.kind !== "text") return [[], 0];
    const begun = value[4].toLowerCase();
    const read = await values(known.name, { sport: [], after: "", before: "", where: "" }).catch(() => ({ values: [] }));
    const found = read.values.filter(([one]) => one.toLowerCase().includes(begun) && one.toLowerCase() !== begun);
    return [found.slice(0, MOST).map(([one, number]) => [quoted(one), number]), value[3].length + value[4].length];
  }
  const begun = WORD.exec(text)?.[1].toLowerCase();
  if (begun === undefined || !begun) return [[], 0];
  const found = names.filter(({ name }) => name.startsWith(begun) && name !== begun);
  return [found.slice(0, MOST).map(({ name, kind }) => [name, UNITS[name] ?? HINTS[kind] ?? "text"]), begun.length];
}

const look = later(80, async () => {
  const field = $("where");
  const before = field.value.slice(0, field.selectionStart);
  const [found, length] = await offer(before);
  if (document.activeElement !== field || field.value.slice(0, field.selectionStart) !== before) return;
  choices = found.map(([text, said]) => ({ text, said, length }));
  at = -1;
  show();
});

function show() {
  const field = $("where");
  $("completion").hidden = !choices.length;
  field.setAttribute("aria-expanded", String(choices.length > 0));
  field.removeAttribute("aria-activedescendant");
  $("completion").replaceChildren(...choices.map(({ text, said }, i) => {
    const row = make("li", { id: `completion-${i}`, role: "option" }, make("span", {}, text), make("small", { className: "muted" }, String(said)));
    row.setAttribute("role", "option");
    row.setAttribute("aria-selected", String(i === at));
    row.addEventListener("pointerdown", (event) => {
      event.preventDefault(); // the field keeps the focus
      take(i);
    });
    if (i === at) field.setAttribute("aria-activedescendant", row.id);
    return row;
  }));
  if (choices.length) $("completion").scrollIntoView({ block: "nearest" });
}

function take(i) {
  const { text, length } = choices[i];
  const field = $("where");
  const end = field.selectionStart;
  field.setRangeText(text, end - length, end, "end");
  hide();
}

function insert(name) {
  const field = $("where");
  const end = field.selectionStart;
  field.setRangeText(field.value && end && !/\s$/.test(field.value.slice(0, end)) ? ` ${name} ` : `${name} `, end, field.selectionEnd, "end");
  field.focus();
}

function hide() {
  choices = [];
  at = -1;
  show();
}

function keys(event) {
  if (!choices.length) return;
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step) {
    at = (at + step + choices.length + (at < 0 && step < 0 ? 1 : 0)) % choices.length;
    show();
  } else if ((event.key === "Enter" && at >= 0) || (event.key === "Tab" && at >= 0)) take(at);
  else if (event.key === "Escape") hide();
  else return;
  event.preventDefault();
  event.stopImmediatePropagation();
}

/** Try a condition before it is taken: the server says what is wrong with it. */
async function tryWhere() {
  const where = $("where").value.trim();
  const error = $("where-error");
  if (where === filter().where) return void (error.textContent = "");
  const state = get();
  try {
    if (where) await scale(state.measure, 12, drawQuery({ ...filter(), where }, state));
  } catch (refused) {
    if (!(refused instanceof Refused)) throw refused;
    if (refused.status !== 404) {
      error.textContent = refused.message;
      $("where").setAttribute("aria-invalid", "true");
      return;
    }
  }
  error.textContent = "";
  $("where").removeAttribute("aria-invalid");
  setFilter({ where });
}

$("where").addEventListener("input", () => {
  if (at >= 0) hide(); // what was chosen was for the text before
  look();
});
$("where").addEventListener("keydown", keys);
$("where").addEventListener("keydown", (event) => event.key === "Enter" && tryWhere());
$("where").addEventListener("blur", () => {
  hide();
  tryWhere(); // a text that was completed has no change
});
