/** Other colours for a PNG: its pixels keep their opacity, and each colour of one palette becomes its counterpart of another. */

const CRC = Uint32Array.from({ length: 256 }, (_, n) => {
  for (let k = 0; k < 8; k++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
  return n;
});
const IHDR = 0x49484452; // names of chunks
const PLTE = 0x504c5445;
const IDAT = 0x49444154;
const CHANNELS = { 2: 3, 6: 4 }; // colour type of a PNG without a palette -> channels
const UP = 2; // filters of rows: differences from the row above,
const PAETH = 4; // and from what is predicted; 0 is none, and there are no others in tiles of heatlas

/**
 * Give the colours of a PNG (ArrayBuffer) that are among `from` their counterparts of `to`; both are n colours, RGB.
 *
 * Resolves to a PNG (ArrayBuffer) where the PNG has a palette, which is exchanged, else to ImageData.
 */
export async function recolour(png, from, to) {
  const place = new Map();
  for (let k = from.length - 3; k >= 0; k -= 3) place.set(colourAt(from, k), k);
  const head = [...chunks(png)].find(({ name }) => name === IHDR);
  const channels = CHANNELS[new Uint8Array(png)[head.start + 9]];
  return channels ? exchangePixels(await pixelsOf(png, head, channels), place, to) : exchangePalette(png, place, to);
}

/** Chunks of a PNG: where the data of each start, and where they end. */
function* chunks(png) {
  const view = new DataView(png);
  for (let at = 8; at < view.byteLength; at += view.getUint32(at) + 12) {
    yield { name: view.getUint32(at + 4), start: at + 8, end: at + 8 + view.getUint32(at) };
  }
}

function exchangePalette(png, place, to) {
  const bytes = new Uint8Array(png.slice(0));
  for (const { name, start, end } of chunks(png)) {
    if (name !== PLTE) continue;
    for (let n = start; n < end; n += 3) {
      const k = place.get(colourAt(bytes, n));
      if (k !== undefined) bytes.set(to.subarray(k, k + 3), n);
    }
    new DataView(bytes.buffer).setUint32(end, checksum(bytes.subarray(start - 4, end)));
  }
  return bytes.buffer;
}

function exchangePixels(image, place, to) {
  const { data } = image;
  let before = -1;
  let k;
  for (let n = 0; n < data.length; n += 4) {
    if (!data[n + 3]) continue;
    const colour = colourAt(data, n);
    if (colour !== before) k = place.get((before = colour));
    if (k === undefined) continue;
    data[n] = to[k];
    data[n + 1] = to[k + 1];
    data[n + 2] = to[k + 2];
  }
  return image;
}

/** RGBA of a PNG of 8 bits without a palette, to the last bit: a canvas would round colours by their opacity. */
async function pixelsOf(png, head, channels) {
  const view = new DataView(png);
  const [width, height] = [view.getUint32(head.start), view.getUint32(head.start + 4)];
  const parts = [...chunks(png)].filter(({ name }) => name === IDAT).map(({ start, end }) => new Uint8Array(png, start, end - start));
  const stream = new Blob(parts).stream().pipeThrough(new DecompressionStream("deflate"));
  const rows = new Uint8Array(await new Response(stream).arrayBuffer());
  const wide = width * channels;
  const image = new ImageData(width, height);
  let above = new Uint8Array(wide);
  for (let y = 0; y < height; y++) {
    const row = rows.subarray(y * (wide + 1) + 1, (y + 1) * (wide + 1));
    unfilter(rows[y * (wide + 1)], row, above, channels);
    for (let x = 0; x < width; x++) {
      const [n, m] = [x * channels, 4 * (y * width + x)];
      image.data[m] = row[n];
      image.data[m + 1] = row[n + 1];
      image.data[m + 2] = row[n + 2];
      image.data[m + 3] = channels === 4 ? row[n + 3] : 255;
    }
    above = row;
  }
  return image;
}

/** Undo the filter of a row (PNG, 9.2). */
function unfilter(filter, row, above, channels) {
  if (filter === UP) for (let n = 0; n < row.length; n++) row[n] += above[n];
  if (filter !== PAETH) return;
  for (let n = 0; n < channels; n++) row[n] += above[n];
  for (let n = channels; n < row.length; n++) row[n] += predicted(row[n - channels], above[n], above[n - channels]);
}

/** Of left, above and above left that which is nearest to a + b - c; the first of equals (PNG, 9.4). */
function predicted(a, b, c) {
  const [byA, byB, byC] = [Math.abs(b - c), Math.abs(a - c), Math.abs(a + b - 2 * c)];
  if (byA <= byB && byA <= byC) return a;
  return byB <= byC ? b : c;
}

const colourAt = (bytes, k) => (bytes[k] << 16) | (bytes[k + 1] << 8) | bytes[k + 2];

/** The checksum of a chunk (PNG, annex D). */
function checksum(bytes) {
  let sum = 0xffffffff;
  for (const byte of bytes) sum = CRC[(sum ^ byte) & 255] ^ (sum >>> 8);
  return (sum ^ 0xffffffff) >>> 0;
}
