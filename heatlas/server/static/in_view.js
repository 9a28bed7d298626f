/** What is in view: the server counts it, and legend, timeline and player speak of it. */

import { drawQuery, filterQuery, read, scale } from "./api.js";
import * as maps from "./maps.js";
import { pointsOf } from "./points.js";
import { shownMeasure } from "./scatter.js";
import { get, set, sides } from "./state.js";
import { rangeOf } from "./timeline.js";
import { commonTone, styleOf } from "./tones.js";
import { toDay } from "./units.js";
import { $, count, later, make, toast } from "./web/dom.js";
import { placeOf, viewText } from "./web/map.js";
import { drawn, hasTicks } from "./web/scale.js";

let library = null;
let found = {}; // side -> what the server counts there
let asked = new AbortController();
let changed = () => {};

/** Take a library; `tell()` is called when there are other counts. */
export function knowView(read, tell) {
  library = read;
  changed = tell;
  found = {};
}

const box = () => maps.inView().map((edge) => edge.toFixed(6)).join();

/** Ask again, when the map rests. On a public map nothing is told of its parts. */
export const askView = later(160, async () => {
  if (!library || library.public) return;
  asked.abort();
  asked = new AbortController();
  const now = get();
  try {
    const answers = await Promise.all(sides(now).map(async (side) => {
      const query = wish(now, side);
      const of = query.toString();
      query.set("bbox", box());
      query.set("z", maps.zoomOf(library));
      query.set("v", library.version);
      return [side, { ...(await read("view.json", query, asked.signal)), of }];
    }));
    found = Object.fromEntries(answers);
  } catch (error) {
    if (error.name === "AbortError") return;
    found = {}; // then all that there is is spoken of
  }
  changed();
});

/** What is asked of a side, wherever. */
function wish(now, side) {
  const points = pointsOf(now.measure);
  const query = filterQuery(points ? { sport: [], ...dated(points, now[side]) } : now[side]);
  query.set("measure", shownMeasure(now));
  return query;
}

/** The dates of a filter, where a point set has times. */
const dated = ({ days }, { after, before }) => (days?.length ? { after, before } : {});

/** Days in view of a side as [["2024-05-01", n], ...], whatever dates are chosen; null where they are not known. */
export const daysInView = (side) => found[side]?.days ?? null;

/** First and last day to play: those that are chosen, from the first to the last with anything in view. */
export function spanInView(side) {
  const [from, to] = rangeOf(get()[side]);
  const days = (daysInView(side) ?? []).map(([day]) => toDay(day)).filter((day) => day >= from && day <= to);
  return days.length ? [days[0], days.at(-1)] : [from, to];
}

/** How many points of the set that is chosen are in view; null where the server does not say. */
export async function pointsHere() {
  const query = new URLSearchParams({ measure: get().measure, bbox: box(), z: maps.zoomOf(library) });
  return read("view.json", query).then(({ points }) => points, () => null);
}

/** What the legend says of what is in view: `count`, and rows below its colours. */
export function told(scales) {
  const now = get();
  const good = scales.filter(([side, one]) => now[side] && drawn(one)); // a side may have been closed meanwhile
  const known = good.map(([side]) => found[side]).filter(Boolean);
  const seen = known.filter((one, k) => one.of === wish(now, good[k][0]).toString()); // not of what was chosen before
  const amounts = seen.map((one) => count(one.points ?? one.activities));
  const counts = !known.length || known.length < good.length ? "" : seen.length < known.length ? "… in view" : `${amounts.join(" | ")} in view`;
  const rows = [lacks(seen), mixed(now, seen), fitted(now, good)].filter(Boolean);
  return { count: counts, rows };
}

const line = (...parts) => make("div", { className: "legend-row" }, ...parts);

/** How many have what the measure is made of. */
function lacks(seen) {
  const lacking = seen.filter(({ known, activities }) => known < activities);
  if (!lacking.length) return null;
  const [{ needs }] = lacking;
  const words = seen.map(({ known, activities }) => (known ? `${count(known)} of ${count(activities)}` : "none"));
  const are = seen.length > 1 ? words.join(" | ") : words[0] === "none" ? "None" : words[0];
  return line(`${are} in view ${seen.at(-1).known === 1 || are === "None" ? "has" : "have"} ${needs}.`);
}

/** A pace of rides and runs is neither: the sport that most are is offered. */
function mixed(now, seen) {
  const [one] = seen;
  if (seen.length !== 1 || !one.mixed) return null;
  const { sport, share, sports } = one.mixed;
  return line(`${count(sports)} sports are mixed here, ${Math.round(share * 100)} % are ${sport}. `,
    button("only-sport", `Only ${sport}`, () => set({ [now.side]: Object.freeze({ ...(now[now.side] ?? now.a), sport: [sport], name: "" }) })));
}

/** Whether the colours fit what is in view, and a way to let them. */
function fitted(now, good) {
  if (!good.length || library.public || !good.every(([, one]) => hasTicks(one) || one.square)) return null;
  const all = button("fit-all", now.fit ? "Fit to everything" : "Leave the set range", () => set({ tone: curveOf(now), fit: "" }));
  const here = button("fit-view", now.fit ? "Fit to this view" : "Fit colours to this view", fitToView);
  if (now.fit.split(",").slice(0, 3).join() === viewText(placeOf(maps.main()))) return line("Colours fit this view. ", all);
  if (now.fit) return line("Colours fit another view. ", here, " ", all);
  if (/\d:/.test(now.tone) && !now.tone.startsWith("local")) return line("Colours have a set range. ", here, " ", all);
  return line(here);
}

/** The curve that was chosen, "" for that of the measure: of colours that fit a view it stands behind the view. */
const curveOf = ({ tone, fit }) => (fit ? fit.split(",")[3] ?? "" : tone.match(/^(local.*|[a-z]+)/)?.[0] ?? "");

function button(act, text, call) {
  const made = make("button", { type: "button", className: "link" }, text);
  made.dataset.act = act;
  made.addEventListener("click", call);
  return made;
}

/** Fit the colours to what is in view: of two maps to both. */
export async function fitToView() {
  const now = get();
  const tone = curveOf(now);
  const zoom = maps.zoomOf(library);
  try {
    const answers = await Promise.all(sides(now).map(async (side) => {
      const query = drawQuery(now[side], { ...styleOf(library.measures, now), tone });
      query.set("bbox", box());
      return [side, await scale(shownMeasure(now), zoom, query)];
    }));
    const common = commonTone({ ...now, tone: "" }, answers);
    if (!common) return toast("There is nothing in view that colours could fit", "bad");
    return set({ tone: common, fit: [viewText(placeOf(maps.main())), tone].filter(Boolean).join() });
  } catch (error) {
    return toast(error.message, "bad");
  }
}

/** After the legend was written anew, the button that had the keyboard has it again. */
export function keepFocus(write) {
  const act = $("legend").contains(document.activeElement) ? document.activeElement.dataset.act : null;
  write();
  if (act) ($("legend").querySelector(`[data-act="${act}"]`) ?? $("legend").querySelector("button.link"))?.focus();
}
