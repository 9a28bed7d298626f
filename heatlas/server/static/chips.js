/** Filters as chips: each opens values with counts, or a range with two handles. They write the text under "Only where". */

import { readWhere, withPart } from "./conditions.js";
import { forget, save, saved } from "./saved.js";
import { attributes, values } from "./single.js";
import { filter, setFilter } from "./state.js";
import { duration } from "./units.js";
import { $, count, counted, make, toast } from "./web/dom.js";

const DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];
const FEW = 12; // values before the rest is folded away
const IDS = ["id", "file", "source"];
const same = (value) => String(value);
const HOURS = Array.from({ length: 24 }, (_, hour) => hour);

/** name, title, kind of control, how a value is written */
const FACETS = [
  ["person", "Person", "values", same],
  ["distance", "Distance", "range", (metres) => `${Number((metres / 1000).toPrecision(4))} km`],
  ["moving_time", "Duration", "range", duration],
  ["elapsed_time", "Duration", "range", duration],
  ["gear", "Gear", "values", same],
  ["weekday", "Weekday", "values", (day) => DAYS[day - 1] ?? day],
  ["hour", "Hour", "range", (hour) => `${hour}:00`],
  ["month", "Month", "values", (month) => MONTHS[month - 1] ?? month],
  ["commute", "Commute", "flag", same],
  ["private", "Private", "flag", same],
  ["device", "Device", "values", same],
];

let offered = [];
let open = ""; // attribute whose values are shown
let all = false; // whether all of its values are
let asking = new AbortController();
let turns = 0;

/** Offer what the activities of a library have. */
export async function fillChips(library) {
  const turn = ++turns;
  const there = !library.public && library.activities > 0;
  $("facets-field").hidden = !there;
  open = "";
  const read = there ? await attributes().catch(() => null) : null;
  if (turn !== turns) return;
  const known = new Map((read?.attributes ?? []).filter(({ distinct }) => distinct > 1).map((one) => [one.name, one.known]));
  const time = (known.get("moving_time") ?? 0) >= (known.get("elapsed_time") ?? 0) ? "elapsed_time" : "moving_time";
  offered = FACETS.filter(([name]) => known.has(name) && name !== time);
  $("facets-field").hidden = !offered.length;
  showChips();
}

const partOf = (read, name, kind) => read.parts.find((one) => one.attribute === name && one.kind === kind && !(kind === "values" && one.not)) ?? null;
const put = (name, part, not = false) => setFilter({ name: "", where: withPart(filter().where, name, part, not) });

/** What a part says, in a few words. */
function saying(part, text) {
  if (part.kind === "flag") return part.not ? "no" : "yes";
  if (part.kind === "values") return part.values.length > 2 ? `${part.values.length} of them` : part.values.map(text).join(", ");
  if (part.low === null) return `below ${text(part.high)}`;
  return part.high === null ? `from ${text(part.low)}` : `${text(part.low)} – ${text(part.high)}`;
}

function chip(text, on, call, extra = "") {
  const button = make("button", { type: "button", className: `chip ${extra}` }, text);
  button.setAttribute("aria-pressed", String(on));
  button.addEventListener("click", call);
  return button;
}

/** Show the chips of the filter. */
export function showChips() {
  const read = readWhere(filter().where);
  const held = document.activeElement?.dataset?.facet;
  const chips = offered.map(([name, title, kind, text]) => {
    const part = partOf(read, name, kind);
    const button = make("button", { type: "button", className: `chip ${part ? "on" : ""}` }, part ? `${title}: ${saying(part, text)}` : title);
    button.dataset.facet = name;
    button.setAttribute("aria-expanded", String(open === name));
    button.setAttribute("aria-controls", "facet");
    button.addEventListener("click", () => toggle(name));
    return button;
  });
  const terms = read.parts.filter(({ attribute, kind }) => kind === "values" && IDS.includes(attribute));
  const picked = terms.map((part) => {
    const words = `${part.not ? "Without" : "Only"} ${counted(part.values.length, "activity")}`;
    const button = chip(`${words} ×`, true, () => put(part.attribute, null, part.not));
    button.setAttribute("aria-label", `${words}: take this away`);
    button.removeAttribute("aria-pressed");
    button.classList.add("on");
    return button;
  });
  $("facets").replaceChildren(...chips, ...picked);
  if (held) $("facets").querySelector(`[data-facet="${held}"]`)?.focus();
  showSaved();
  if (open) ask();
  else $("facet").hidden = true;
}

function toggle(name) {
  open = open === name ? "" : name;
  all = false;
  $("facet").replaceChildren();
  showChips();
}

/** Ask for the values of what is open, among what the other filters leave. */
async function ask() {
  const [name, title, kind, text] = offered.find(([one]) => one === open) ?? [];
  if (!name) return void ($("facet").hidden = true);
  asking.abort();
  asking = new AbortController();
  const now = filter();
  const others = { ...now, where: withPart(now.where, name, null) };
  let read;
  try {
    read = await values(name, others, asking.signal);
  } catch (error) {
    if (error.name !== "AbortError") $("facet").replaceChildren(make("p", { className: "error" }, error.message));
    $("facet").hidden = false;
    return;
  }
  if (open !== name) return;
  const part = partOf(readWhere(filter().where), name, kind);
  const controls = { range: rangeOf, values: valuesOf, flag: flagOf }[kind](name, title, text, part, read);
  const held = document.activeElement?.dataset?.value;
  $("facet").setAttribute("aria-label", title);
  const unknown = read.activities === read.known ? "" : ` ${counted(read.activities - read.known, "activity")} without.`;
  const clear = part ? chip("Any", false, () => put(name, null), "quiet") : "";
  const note = make("p", { className: "note" }, `Counted on the whole map, among ${counted(read.activities, "activity")} that the other filters leave.${unknown}`);
  if (!keep(controls, held)) $("facet").replaceChildren(...controls, ...(clear ? [clear] : []), note);
  if (held) $("facet").querySelector(`[data-value="${CSS.escape(held)}"]`)?.focus();
  $("facet").hidden = false;
}

/** While a handle is held it must not be taken away: what is written beside it is enough. */
function keep(controls, held) {
  const here = $("facet").querySelector(".range");
  if (!here || !["low", "high"].includes(held) || here.dataset.bins !== controls[0].dataset.bins) return false;
  here.querySelector("output").textContent = controls[0].querySelector("output").textContent;
  return true;
}

function valuesOf(name, title, text, part, read) {
  const on = new Set(part?.values ?? []);
  const listed = [...read.values.map(([value, number]) => [value, number]), ...[...on].filter((value) => !read.values.some(([one]) => one === value)).map((value) => [value, 0])];
  const shown = all || listed.length <= FEW + 1 ? listed : listed.filter(([value], i) => i < FEW || on.has(value));
  const buttons = shown.map(([value, number]) => {
    const button = chip(String(text(value)), on.has(value), () => {
      const next = on.has(value) ? [...on].filter((one) => one !== value) : [...on, value];
      put(name, next.length ? { attribute: name, kind: "values", not: false, values: next } : null);
    });
    button.dataset.value = value;
    button.append(make("small", {}, count(number)));
    return button;
  });
  if (shown.length < listed.length) {
    buttons.push(chip(`${listed.length - shown.length} more`, false, () => {
      all = true;
      ask();
    }, "quiet"));
  }
  const rest = read.left_out ? [make("p", { className: "note" }, `and ${count(read.left_out)} more values, which the text below can name`)] : [];
  return [make("div", { className: "chips small" }, ...buttons), ...rest];
}

function flagOf(name, title, text, part, read) {
  const number = (value) => read.values.find(([one]) => one === value)?.[1] ?? 0;
  const choices = [["Only these", true, { attribute: name, kind: "flag", not: false }], ["Without", false, { attribute: name, kind: "flag", not: true }]];
  return [make("div", { className: "chips small" }, ...choices.map(([words, value, wanted]) => {
    const on = part !== null && part.not === wanted.not;
    const button = chip(words, on, () => put(name, on ? null : wanted));
    button.dataset.value = words;
    button.append(make("small", {}, count(number(value))));
    return button;
  }))];
}

/** A histogram with two handles; the last step of either end means no limit there. */
function rangeOf(name, title, text, part, read) {
  const bins = name === "hour" ? hourBins(read.values) : read.bins;
  if (!bins) return [make("p", { className: "note" }, "No activity that is left has it.")];
  const steps = bins.counts.length;
  const edge = (k) => Number((bins.low + k * bins.width).toPrecision(10));
  const at = (value, otherwise) => (value === null || value === undefined ? otherwise : Math.min(steps, Math.max(0, (value - bins.low) / bins.width)));
  let [from, to] = [at(part?.low, 0), at(part?.high, steps)];
  const most = Math.max(...bins.counts, 1);
  const bars = make("div", { className: "bars" }, ...bins.counts.map((number) => {
    const bar = make("span", { title: count(number) });
    bar.style.height = `${number ? Math.max(6, (number / most) * 100) : 0}%`;
    return bar;
  }));
  bars.setAttribute("aria-hidden", "true");
  const said = make("output", {});
  const show = () => {
    const inside = bins.counts.reduce((sum, number, k) => (k + 0.5 >= from && k + 0.5 <= to ? sum + number : sum), 0);
    const about = Number.isInteger(from) && Number.isInteger(to) ? "" : "about ";
    said.textContent = `${text(valueAt(from, part?.low))} – ${text(valueAt(to, part?.high))} · ${about}${counted(inside, "activity")}`;
    [...bars.children].forEach((bar, k) => bar.classList.toggle("on", k + 0.5 >= from && k + 0.5 <= to));
  };
  const valueAt = (k, exact) => (exact !== null && exact !== undefined && Math.abs(at(exact, -1) - k) < 1e-9 ? exact : edge(k));
  const handle = (which, label) => {
    const input = make("input", { type: "range", min: 0, max: steps, step: 1 });
    input.value = String(Math.round(which === "low" ? from : to));
    input.dataset.value = which;
    input.setAttribute("aria-label", `${title}: ${label}`);
    const words = () => input.setAttribute("aria-valuetext", text(edge(Number(input.value))));
    words();
    input.addEventListener("input", () => {
      const value = Number(input.value);
      if (which === "low") from = Math.min(value, Math.ceil(to) - 1);
      else to = Math.max(value, Math.floor(from) + 1);
      input.value = String(which === "low" ? from : to);
      words();
      show();
    });
    input.addEventListener("change", () => {
      const low = from <= 0 ? null : edge(from);
      const high = to >= steps ? null : edge(to);
      put(name, low === null && high === null ? null : { attribute: name, kind: "range", low, high });
    });
    return input;
  };
  const box = make("div", { className: "range" }, said, bars, make("div", { className: "handles" }, handle("low", "from"), handle("high", "up to")));
  box.dataset.bins = JSON.stringify([name, bins]);
  show();
  return [box];
}

function hourBins(found) {
  const counts = new Map(found);
  return { low: 0, width: 1, counts: HOURS.map((hour) => counts.get(hour) ?? 0) };
}

/** The filters that were saved, and the form to save another. */
function showSaved() {
  const now = filter();
  const names = saved();
  const key = ({ sport, after, before, where }) => JSON.stringify([sport, after, before, where]);
  const chosen = now.sport.length || now.after || now.before || now.where;
  $("saved").replaceChildren(...names.map((one) => {
    const on = key(one) === key(now);
    const button = chip(one.name, on, () => setFilter({ name: one.name, sport: [...one.sport], after: one.after, before: one.before, where: one.where }));
    const gone = make("button", { type: "button", className: "forget" }, "×");
    gone.setAttribute("aria-label", `Forget ${one.name}`);
    gone.addEventListener("click", () => {
      forget(one.name);
      showSaved();
    });
    return make("span", { className: "saved" }, button, gone);
  }));
  $("save-filter").hidden = !chosen || names.some((one) => key(one) === key(now));
  if (document.activeElement !== $("save-name")) $("save-name").value = now.name ?? "";
}

function keepFilter(event) {
  event.preventDefault();
  const name = $("save-name").value.trim();
  if (!name) return void $("save-name").focus();
  if (!save(name, filter())) toast("The browser keeps nothing for this page. The link holds the filter all the same.", "bad");
  setFilter({ name });
  showSaved();
  $("save-name").value = "";
}

$("save-filter").addEventListener("submit", keepFilter);
