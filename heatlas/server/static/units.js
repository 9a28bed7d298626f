/** Numbers as people write them: distances, paces and days. */

import { count } from "./web/dom.js";

/** Metres as kilometres: "8.4 km", "1,204 km". */
export const kilometres = (metres) => {
  const km = metres / 1000;
  return `${km < 100 ? km.toFixed(1) : count(km)} km`;
};

/** Seconds per metre as minutes per kilometre: "5:12 /km". */
export const pace = (value) => {
  const seconds = Math.round(value * 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")} /km`;
};

/** Whether people speak of speed and not of pace: on wheels and skis. */
export const isFast = (sport) => /ride|cycl|bike|ski/i.test(sport ?? "");

/** Seconds per metre as a pace on foot, or a speed on wheels and skis. */
export const paceOf = (value, sport) => (isFast(sport) ? `${(3.6 / value).toFixed(1)} km/h` : pace(value));

const DAY = 86400000;
export const toDay = (text) => Math.round(Date.parse(`${text.slice(0, 10)}T00:00:00Z`) / DAY);
export const fromDay = (day) => new Date(day * DAY).toISOString().slice(0, 10);

const long = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric", timeZone: "UTC" });
export const dayText = (day) => long.format(new Date(day * DAY));

/** Seconds as hours and minutes: "1 h 05 min", "42 min", "50 s". */
export function duration(seconds) {
  if (seconds < 60) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 60 ? `${minutes} min` : `${count(Math.floor(minutes / 60))} h ${String(minutes % 60).padStart(2, "0")} min`;
}
