/** The view as a PNG, with legend and attribution. */

import { creditOf } from "./base.js";
import { all } from "./maps.js";
import { CELL, drawn, gradientStops, isRing, RING, ringColors, ringTicks, spread, ticksOf, titleOf } from "./web/scale.js";

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
  const first = shown[0][1];
  const ring = isRing(first);
  const square = first.square;
  const below = first.note ? 18 : 0;
  const [wide, tall] = ring ? [190, 168 + below] : square ? [236, 200 + below] : [290, 62 + 18 * shown.length + below];
  const [left, top] = [20, height - tall - 20];
  pen.fillStyle = colors.card;
  pen.beginPath();
  pen.roundRect(left, top, wide, tall, 12);
  pen.fill();
  pen.textBaseline = "middle";
  pen.fillStyle = colors.text;
  pen.font = `600 13px ${FONT}`;
  pen.fillText(titleOf(first), left + 16, top + 20, wide - 32);
  if (first.note) note(pen, first.note, colors, left + 16, top + tall - 16);
  if (square) return void cells(pen, square, colors, left + 16, top + 36);
  if (ring) return void wheel(pen, first, colors, left + wide / 2, top + 98);
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

function note(pen, text, colors, x, y) {
  pen.font = `11px ${FONT}`;
  pen.fillStyle = colors.dim;
  pen.fillText(text, x, y);
}

/** The 3 x 3 colours of two metrics, with the corner of all at a place. */
function cells(pen, { x, y, colors: nine }, colors, left, top) {
  pen.font = `12px ${FONT}`;
  pen.fillStyle = colors.dim;
  pen.fillText(y.title, left, top + 6);
  const room = Math.max(...y.limits.map((text) => pen.measureText(text).width)) + 6;
  const [west, north] = [left + room, top + 18];
  nine.forEach((color, number) => {
    pen.fillStyle = color;
    pen.fillRect(west + (number % 3) * CELL, north + (2 - Math.floor(number / 3)) * CELL, CELL, CELL);
  });
  pen.fillStyle = colors.text;
  y.limits.forEach((text, k) => pen.fillText(text, west - 6 - pen.measureText(text).width, north + (2 - k) * CELL));
  x.limits.forEach((text, k) => pen.fillText(text, west + (k + 1) * CELL - pen.measureText(text).width / 2, north + 3 * CELL + 10));
  pen.fillStyle = colors.dim;
  pen.fillText(x.title, west, north + 3 * CELL + 27);
}

/** The ring of what goes round, about a middle. */
function wheel(pen, scale, colors, x, y) {
  const around = pen.createConicGradient(-Math.PI / 2, x, y);
  for (const [position, color] of gradientStops(ringColors(scale))) around.addColorStop(position, color);
  pen.strokeStyle = around;
  pen.lineWidth = RING.width;
  pen.beginPath();
  pen.arc(x, y, RING.radius - RING.width / 2, 0, 2 * Math.PI);
  pen.stroke();
  pen.fillStyle = colors.text;
  pen.font = `12px ${FONT}`;
  for (const [share, text] of ringTicks(scale)) {
    const [east, north] = [Math.sin(2 * Math.PI * share), Math.cos(2 * Math.PI * share)];
    const [far, size] = [RING.radius + RING.gap, pen.measureText(text).width];
    pen.fillText(text, x + east * far + (east - 1) * size / 2, y - north * (far + 7));
  }
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
