/** An activity in a list: what is known of it, its profile, and what can be done with it. */

import { chosenText, without } from "./conditions.js";
import { lights, pin, profile, showAll } from "./route.js";
import { route } from "./single.js";
import { filter, setFilter } from "./state.js";
import { dayText, duration, kilometres, toDay } from "./units.js";
import { make, toast } from "./web/dom.js";

const LONGEST = 4000; // characters of a filter

/** Take a filter, unless it is longer than the server reads. */
export function takeWhere(patch) {
  if (patch.where.length > LONGEST) {
    const held = Math.floor(LONGEST / (patch.where.length / (patch.where.match(/', '|', '/g)?.length ?? 1)));
    toast(`That is more than a filter can name: about ${held} activities at once. Choose fewer, or search by sport, date or length.`, "bad");
    return false;
  }
  setFilter({ name: "", ...patch });
  return true;
}

export const only = (terms) => takeWhere({ sport: [], after: "", before: "", where: chosenText(terms) });
export const leaveOut = (terms) => takeWhere({ where: without(filter().where, terms) });

const FACTS = {
  moving_time: ["In motion", duration],
  elapsed_time: ["From start to end", duration],
  mean_heart_rate: ["Mean heart rate", (value) => `${Math.round(value)} bpm`],
  normalised_power: ["Normalised power", (value) => `${Math.round(value)} W`],
  decoupling: ["Decoupling", (value) => `${value.toFixed(1)} %`],
};

const when = (start) => {
  if (!start) return "";
  const time = /T(\d\d:\d\d)/.exec(start);
  return `${dayText(toDay(start))}${time ? `, ${time[1]}` : ""}`;
};

/** Name first, the sport once. */
export const headingOf = ({ name, sport }) => name || sport || "Activity";

/** What is known of an activity in a line, without its title. */
export const factsOf = (activity) =>
  [activity.person ?? "", activity.name ? activity.sport : "", Number.isFinite(activity.distance) ? kilometres(activity.distance) : "",
    activity.duration ? duration(activity.duration) : "", activity.gear ?? ""].filter(Boolean);

/** Profile, details and actions; `sameWay` is called to list those of the same way. */
async function fill(box, activity, sameWay) {
  let read;
  try {
    read = await route(activity.number);
  } catch (error) {
    box.replaceChildren(make("p", { className: "error" }, error.message));
    return;
  }
  const facts = [["Started", when(read.start)], ...Object.entries(FACTS).map(([name, [title, text]]) => [title, Number.isFinite(read[name]) ? text(read[name]) : ""]),
    ["Gear", read.gear], ["Device", read.device], ["File", read.file], ["", [read.commute ? "Commute" : "", read.private ? "Private" : ""].filter(Boolean).join(", ")]];
  const details = make("dl", {}, ...facts.filter(([, text]) => text).map(([title, text]) => make("div", {}, make("dt", { className: "muted" }, title), make("dd", {}, text))));
  const act = (text, call) => {
    const button = make("button", { type: "button", className: "chip" }, text);
    button.addEventListener("click", call);
    return button;
  };
  const actions = make("div", { className: "chips small" },
    act("Only this one", () => only([read.term])),
    act("Without this one", () => leaveOut([read.term])),
    act("Same route", () => sameWay(read)),
    read.lines.length ? act("Show all of it", () => showAll(read.lines)) : "",
    read.link ? make("a", { className: "chip", href: read.link.url, target: "_blank", rel: "noopener noreferrer" }, `${read.link.name} ↗`) : "");
  const hidden = read.lines.length ? "" : make("p", { className: "note" }, "All of its way is hidden.");
  box.replaceChildren(...[hidden, profile(read), details, actions].filter(Boolean));
}

/** Let a button open what is known of an activity in a box; one is open at a time. */
export function opens(button, box, activity, sameWay) {
  lights(button, activity.number);
  button.setAttribute("aria-expanded", "false");
  box.hidden = true;
  button.addEventListener("click", () => {
    const opening = box.hidden;
    for (const other of button.closest("[data-activities]").querySelectorAll("[aria-expanded=true]")) if (other !== button) other.click();
    box.hidden = !opening;
    button.setAttribute("aria-expanded", String(opening));
    pin(opening ? activity.number : null);
    if (opening && !box.hasChildNodes()) {
      box.append(make("p", { className: "note" }, "Reading…"));
      fill(box, activity, sameWay);
    }
  });
}

/** Let arrow keys go from one activity to the next. */
export function arrows(list, selector) {
  list.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const all = [...list.querySelectorAll(selector)];
    const at = all.indexOf(document.activeElement);
    if (!step || at < 0) return;
    event.preventDefault();
    all[Math.min(all.length - 1, Math.max(0, at + step))].focus();
  });
}
