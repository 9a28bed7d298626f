/** What lies in the page itself: data, the world, and archives of tiles in pieces that are decoded when needed. */

const text = (id) => document.getElementById(id).textContent;

/** What the page shows. */
export const data = JSON.parse(text("data"));

/** Read the world, which is in the page too. */
export const readWorld = async () => JSON.parse(text("world"));

/** An address for the script of MapLibre's worker, which has no file to be loaded from. */
export const workerAddress = () => URL.createObjectURL(new Blob([text("worker")], { type: "text/javascript" }));

/**
 * Read bytes of an archive as the PMTiles library asks for them: its pieces, elements NAME-0 and so on, are decoded once, as they
 * are needed.
 */
export function archive(name, { size, piece }) {
  const decoded = new Map();
  const bytesOf = (k) => {
    if (!decoded.has(k)) {
      const element = document.getElementById(`${name}-${k}`);
      decoded.set(k, fromBase64(element.textContent));
      element.remove(); // the text is half as large again as the bytes
    }
    return decoded.get(k);
  };
  return {
    getKey: () => name,
    getBytes: async (offset, length) => {
      const end = Math.min(offset + length, size);
      const bytes = new Uint8Array(Math.max(0, end - offset));
      for (let at = offset; at < end; ) {
        const k = Math.floor(at / piece);
        const part = bytesOf(k).subarray(at - k * piece, end - k * piece);
        bytes.set(part, at - offset);
        at += part.length;
      }
      return { data: bytes.buffer };
    },
  };
}

/** Bytes of a text in base64. */
export function fromBase64(written) {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(written);
  const letters = atob(written);
  const bytes = new Uint8Array(letters.length);
  for (let i = 0; i < letters.length; i++) bytes[i] = letters.charCodeAt(i);
  return bytes;
}
