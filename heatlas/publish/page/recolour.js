/** Other colours for a PNG with a palette: its pixels and their opacity are left as they are, the palette is exchanged. */

const CRC = Uint32Array.from({ length: 256 }, (_, n) => {
  for (let k = 0; k < 8; k++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
  return n;
});
const PLTE = 0x504c5445; // the name of the palette's chunk

/** Give the colours of a PNG (ArrayBuffer) that are among `from` their counterparts of `to`; both are n colours, RGB. */
export function recolour(png, from, to) {
  const place = new Map();
  for (let k = 0; k < from.length; k += 3) place.set(colourAt(from, k), k);
  const bytes = new Uint8Array(png.slice(0));
  const view = new DataView(bytes.buffer);
  for (let at = 8; at < bytes.length; at += view.getUint32(at) + 12) {
    if (view.getUint32(at + 4) !== PLTE) continue;
    const end = at + 8 + view.getUint32(at);
    for (let n = at + 8; n < end; n += 3) {
      const k = place.get(colourAt(bytes, n));
      if (k !== undefined) bytes.set(to.subarray(k, k + 3), n);
    }
    view.setUint32(end, checksum(bytes.subarray(at + 4, end)));
    break;
  }
  return bytes.buffer;
}

const colourAt = (bytes, k) => (bytes[k] << 16) | (bytes[k + 1] << 8) | bytes[k + 2];

/** The checksum of a chunk (PNG, annex D). */
function checksum(bytes) {
  let sum = 0xffffffff;
  for (const byte of bytes) sum = CRC[(sum ^ byte) & 255] ^ (sum >>> 8);
  return (sum ^ 0xffffffff) >>> 0;
}
