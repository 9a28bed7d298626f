/** The view as a PNG, with legend and attribution. */

import { creditOf } from "./base.js";
import { all } from "./maps.js";
import { drawn, gradientStops, spread, ticksOf, titleOf } from "./web/scale.js";

const FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, sans-serif';

/** Draw what is seen: [maps, share of the left one], and the scales of the legend. Resolves to a blob. */
export async function picture({ split, scales, theme, base }) {
  const frames = await Promise.all(all().map(frame));
  const [{ width, height }] = frames;
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width, height });
  const pen = canvas.getContext("2d");
  pen.drawImage(frames[0], 0, 0);
  if (frames[1]) {
    const x = Math.round(width * split);
    pen.drawImage(frames[1], x, 0, width - x, height, x, 0, width - x, height);
    pen.fillStyle = "rgba(255,255,255,.85)";
    pen.fillRect(x - 1, 0, 2, height);
  }
  const ratio = width / innerWidth;
  pen.scale(ratio, ratio);
  const colors = theme === "dark"
    ? { card: "rgba(16,19,25,.84)", text: "#eceae6", dim: "#a3a8b1" }
    : { card: "rgba(255,255,255,.88)", text: "#1b1d21", dim: "#5d636c" };
  legend(pen, scales, colors, height / ratio);
  credit(pen, creditOf(base).join(" · "), colors, width / ratio, height / ratio);
  return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
}

/** A map's pixels: they can be read only while it draws. */
function frame(map) {
  return new Promise((resolve) => {
    map.once("render", () => {
      const copy = document.createElement("canvas");
      const from = map.getCanvas();
      Object.assign(copy, { width: from.width, height: from.height });
      copy.getContext("2d").drawImage(from, 0, 0);
      resolve(copy);
    });
    map.triggerRepaint();
  });
}

function legend(pen, scales, colors, height) {
  const good = scales.filter(([, scale]) => drawn(scale));
  const same = good.every(([, scale]) => scale.low === good[0][1].low && scale.high === good[0][1].high);
  const shown = same ? good.slice(0, 1) : good;
  if (!shown.length) return;
  const [wide, tall] = [290, 62 + 18 * shown.length];
  const [left, top] = [20, height - tall - 20];
  pen.fillStyle = colors.card;
  pen.beginPath();
  pen.roundRect(left, top, wide, tall, 12);
  pen.fill();
  const first = shown[0][1];
  pen.textBaseline = "middle";
  pen.fillStyle = colors.text;
  pen.font = `600 13px ${FONT}`;
  pen.fillText(titleOf(first), left + 16, top + 20, wide - 32);
  const bar = pen.createLinearGradient(left + 16, 0, left + wide - 16, 0);
  for (const [position, color] of gradientStops(first.colors)) bar.addColorStop(position, color);
  pen.fillStyle = bar;
  pen.beginPath();
  pen.roundRect(left + 16, top + 36, wide - 32, 10, 5);
  pen.fill();
  pen.fillStyle = colors.dim;
  pen.font = `11px ${FONT}`;
  shown.forEach(([, scale], row) => {
    for (const [position, text] of spread(ticksOf(scale))) {
      const size = pen.measureText(text).width;
      pen.fillText(text, left + 16 + position * (wide - 32 - size), top + 60 + 18 * row);
    }
  });
}

function credit(pen, text, colors, width, height) {
  pen.font = `11px ${FONT}`;
  pen.textBaseline = "middle";
  const size = pen.measureText(text).width;
  pen.fillStyle = colors.card;
  pen.beginPath();
  pen.roundRect(width - size - 32, height - 42, size + 16, 22, 8);
  pen.fill();
  pen.fillStyle = colors.dim;
  pen.fillText(text, width - size - 24, height - 31);
}

/** Let the browser save a blob. */
export function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}
