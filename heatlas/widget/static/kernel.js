/** Questions to the kernel of a notebook, by messages. */

/** Tiles that the kernel is asked for at a time: what is no longer wanted is then never drawn. */
const AT_ONCE = 4;

/** Questions to the kernel, and their answers. */
export function connect(model) {
  const mine = `${Date.now()}-${Math.random()}`;
  const waiting = new Map();
  let count = 0;
  const hear = (content, buffers) => {
    const asked = waiting.get(content.id);
    if (!asked) return;
    waiting.delete(content.id);
    if (content.error) asked.reject(new Error(content.error));
    else asked.resolve({ data: content, buffers });
  };
  model.on("msg:custom", hear);
  return {
    ask(question) {
      const id = `${mine}-${count++}`;
      return new Promise((resolve, reject) => {
        waiting.set(id, { resolve, reject });
        model.send({ ...question, id });
      });
    },
    close() {
      model.off("msg:custom", hear);
      for (const asked of waiting.values()) asked.reject(new Error("closed"));
    },
  };
}

/** Tiles from the kernel, few at a time; each wish has a number, its stamp, which is part of a tile's address. */
export function createTiles(kernel) {
  const queue = [];
  const wishes = [];
  let busy = 0;

  function draw(stamp, z, x, y, signal) {
    return new Promise((resolve, reject) => {
      const job = { stamp, z, x, y, resolve, reject };
      queue.push(job);
      signal.addEventListener("abort", () => {
        const at = queue.indexOf(job);
        if (at >= 0) queue.splice(at, 1);
        reject(new DOMException("no longer wanted", "AbortError"));
      });
      work();
    });
  }

  async function work() {
    while (busy < AT_ONCE && queue.length) {
      const { stamp, resolve, reject, ...tile } = queue.shift();
      busy += 1;
      kernel
        .ask({ kind: "tile", ...tile, wish: wishes[stamp], dense: devicePixelRatio > 1 })
        .then(({ buffers }) => resolve({ data: bytes(buffers[0]) }), reject)
        .finally(() => {
          busy -= 1;
          work();
        });
    }
  }

  return { draw, stamp: (wish) => wishes.push(wish) - 1 };
}

/** Bytes of a buffer that may be a view of a larger one. */
const bytes = (view) =>
  view instanceof ArrayBuffer ? view : view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength);
