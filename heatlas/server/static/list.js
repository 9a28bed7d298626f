/** The activities of the view as a list: searched, sorted, in pages; what is chosen in it becomes a filter. */

import { arrows, leaveOut, only, opens, headingOf } from "./activity.js";
import * as maps from "./maps.js";
import { pointsOf } from "./points.js";
import { pin } from "./route.js";
import { list } from "./single.js";
import { filter } from "./state.js";
import { dayText, duration, kilometres, toDay } from "./units.js";
import { $, count, counted, later, make } from "./web/dom.js";
import { askSameWay } from "./who.js";

const PAGE = 50;
const COLUMNS = [["name", "Name"], ["sport", "Sport"], ["start", "Date"], ["distance", "Distance"], ["duration", "Duration"]];
const RISING = new Set(["name", "sport"]); // columns that begin with the first of the alphabet

let library = null;
let wish = { sort: "start", order: "desc", offset: 0 };
let total = 0;
const chosen = new Map(); // number -> term
let asking = new AbortController();

const isOpen = () => !$("list").hidden;

/** Take a library. */
export function knowList(read) {
  library = read;
  const there = !read.public && read.activities > 0;
  $("list-open").hidden = !there;
  if (!there) close();
  else if (isOpen()) ask();
}

/** Follow a change of the state. */
export function followList(now, old) {
  $("list-open").hidden = !library || library.public || !library.activities || Boolean(pointsOf(now.measure));
  if (!isOpen()) return;
  if ($("list-open").hidden) return void close();
  const differs = (...keys) => keys.some((key) => now[key] !== old[key]);
  if (differs("a", "b", "side") || (differs("view") && $("list-view").checked)) {
    wish.offset = 0;
    ask();
  }
}

/** Ask for the page that is wished for. */
const ask = later(120, async () => {
  if (!isOpen() || !library) return;
  asking.abort();
  asking = new AbortController();
  const page = { ...wish, limit: PAGE, q: $("list-search").value.trim(), filter: filter(), zoom: maps.zoomOf(library) };
  try {
    const read = await list({ ...page, box: $("list-view").checked ? maps.inView() : null }, asking.signal);
    show(read);
  } catch (error) {
    if (error.name !== "AbortError") $("list-count").textContent = error.message;
  }
});

function show(read) {
  total = read.total;
  pin(null);
  const last = read.offset + read.activities.length;
  const where = $("list-view").checked ? "in this view" : "on the whole map";
  $("list-count").textContent = total
    ? `${counted(total, "activity")} ${where} · ${kilometres(read.distance)}`
    : `${$("list-search").value.trim() ? "Nothing found" : "No activities"} ${where}`;
  $("list-page").textContent = total ? `${count(read.offset + 1)}–${count(last)} of ${count(total)}` : "";
  $("list-back").disabled = !read.offset;
  $("list-on").disabled = last >= total;
  $("list-rows").replaceChildren(...read.activities.flatMap(rows));
  $("list-scroll").scrollTop = 0;
  showHead();
  showChosen();
}

function showHead() {
  for (const header of $("list-head").querySelectorAll("[data-sort]")) {
    const on = header.dataset.sort === wish.sort;
    header.setAttribute("aria-sort", on ? (wish.order === "asc" ? "ascending" : "descending") : "none");
  }
}

function rows(activity) {
  const box = make("input", { type: "checkbox", checked: chosen.has(activity.number) });
  box.setAttribute("aria-label", `Choose ${headingOf(activity)}`);
  box.addEventListener("change", () => {
    if (box.checked) chosen.set(activity.number, activity.term);
    else chosen.delete(activity.number);
    showChosen();
  });
  const button = make("button", { type: "button", className: "activity" }, headingOf(activity));
  const more = make("td", { colSpan: COLUMNS.length + 1, className: "activity-more" });
  opens(button, more, activity, askSameWay);
  const cell = (text, name) => make("td", { className: name }, text);
  return [
    make("tr", {}, make("td", { className: "pick" }, box), make("td", { className: "name" }, button),
      cell(activity.sport, "sport"), cell(activity.start ? dayText(toDay(activity.start)) : "", "number"),
      cell(Number.isFinite(activity.distance) ? kilometres(activity.distance) : "", "number"),
      cell(activity.duration ? duration(activity.duration) : "", "number")),
    make("tr", { className: "more" }, more),
  ];
}

/** What can be done with those that are chosen. */
function showChosen() {
  $("list-chosen").hidden = !chosen.size;
  $("list-chosen-count").textContent = `${count(chosen.size)} chosen`;
  const boxes = [...$("list-rows").querySelectorAll("input")];
  const on = boxes.filter(({ checked }) => checked).length;
  Object.assign($("list-all"), { checked: on > 0 && on === boxes.length, indeterminate: on > 0 && on < boxes.length });
}

function clear() {
  chosen.clear();
  for (const box of $("list-rows").querySelectorAll("input")) box.checked = false;
  showChosen();
}

function sort(name) {
  const same = wish.sort === name;
  const order = same ? (wish.order === "asc" ? "desc" : "asc") : RISING.has(name) ? "asc" : "desc";
  wish = { sort: name, order, offset: 0 };
  showHead();
  ask();
}

function open() {
  document.body.classList.add("listing");
  $("list").hidden = false;
  $("list-open").setAttribute("aria-pressed", "true");
  ask();
  $("list-search").focus({ preventScroll: true });
}

/** Close the list; whether it was open. */
export function close() {
  if (!isOpen()) return false;
  const inside = $("list").contains(document.activeElement);
  document.body.classList.remove("listing");
  $("list").hidden = true;
  $("list-open").setAttribute("aria-pressed", "false");
  pin(null);
  if (inside) $("list-open").focus();
  return true;
}

function openList() {
  const head = COLUMNS.map(([name, title]) => {
    const button = make("button", { type: "button" }, title);
    button.addEventListener("click", () => sort(name));
    const header = make("th", { scope: "col", className: name === "name" || name === "sport" ? name : "number" }, button);
    header.dataset.sort = name;
    return header;
  });
  $("list-head").append(...head);
  $("list-open").addEventListener("click", () => (isOpen() ? close() : open()));
  $("list-close").addEventListener("click", close);
  $("list-search").addEventListener("input", () => {
    wish.offset = 0;
    ask();
  });
  $("list-view").addEventListener("change", () => {
    wish.offset = 0;
    ask();
  });
  for (const [id, step] of [["list-back", -PAGE], ["list-on", PAGE]]) {
    $(id).addEventListener("click", () => {
      wish.offset = Math.max(0, Math.min(wish.offset + step, Math.floor((total - 1) / PAGE) * PAGE));
      ask();
    });
  }
  $("list-all").addEventListener("change", () => {
    const wanted = $("list-all").checked; // each box that follows changes this one
    for (const box of $("list-rows").querySelectorAll("input")) if (box.checked !== wanted) box.click();
  });
  $("list-only").addEventListener("click", () => only([...chosen.values()]) && clear());
  $("list-without").addEventListener("click", () => leaveOut([...chosen.values()]) && clear());
  $("list-clear").addEventListener("click", clear);
  arrows($("list"), ".activity");
  $("list").addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !$("who").hidden) return;
    event.stopPropagation();
    close();
  });
}
openList();

