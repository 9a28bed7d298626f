/** Small helpers for elements, messages and numbers. */

export const $ = (id) => document.getElementById(id);

/** Make an element: properties, then children (nodes or text). */
export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in element) element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
  return element;
}

let hiding;

/** Say something for a moment; screen readers say it too. */
export function toast(text, kind = "") {
  const box = $("toast");
  box.textContent = text;
  box.className = `shown ${kind}`;
  clearTimeout(hiding);
  hiding = setTimeout(() => (box.className = ""), kind === "bad" || text.length > 60 ? 7000 : 3000);
}

export const still = matchMedia("(prefers-reduced-motion: reduce)");
export const bright = matchMedia("(prefers-color-scheme: light)");
export const phone = matchMedia("(max-width: 720px)");

/** Wait, then call; calls in between start the wait anew. */
export function later(milliseconds, call) {
  let timer;
  return (...values) => {
    clearTimeout(timer);
    timer = setTimeout(() => call(...values), milliseconds);
  };
}

const whole = new Intl.NumberFormat("en");
export const count = (n) => whole.format(Math.round(n));
export const counted = (n, word) =>
  `${count(n)} ${n === 1 ? word : word.endsWith("y") ? `${word.slice(0, -1)}ies` : `${word}s`}`;
