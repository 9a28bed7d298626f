/** Moving a map that is drawn without WebGL: pointer, fingers, wheel and keys. */

const STILL = 4; // pixels that a click may move
const STEP = 100; // pixels that an arrow key moves the map
const REST = 200; // milliseconds after the wheel has turned until the map is where it was wanted
const KEYS = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] };

/** Let a map be moved. */
export function openHands(map) {
  const { canvas } = map;
  const fingers = new Map(); // pointer -> [left, top]
  let from = null; // where the press began
  let held = false; // whether somebody else has the drag
  let moved = false;

  const at = (event) => {
    const box = canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  const tell = (type, point, event) => {
    let refused = false;
    map.fire(type, {
      point: { x: point[0], y: point[1] }, lngLat: map.unproject(point), originalEvent: event, preventDefault: () => (refused = true),
    });
    return refused;
  };
  const spread = () => {
    const [[a, b], [c, d]] = fingers.values();
    return { size: Math.hypot(a - c, b - d), middle: [(a + c) / 2, (b + d) / 2] };
  };

  canvas.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    canvas.setPointerCapture(event.pointerId);
    fingers.set(event.pointerId, at(event));
    if (fingers.size > 1) return;
    from = at(event);
    moved = false;
    held = tell("mousedown", from, event);
  });
  canvas.addEventListener("pointermove", (event) => {
    const point = at(event);
    if (!fingers.has(event.pointerId)) return void tell("mousemove", point, event);
    const before = fingers.get(event.pointerId);
    const pinch = fingers.size === 2 ? spread() : null;
    fingers.set(event.pointerId, point);
    if (Math.hypot(point[0] - from[0], point[1] - from[1]) > STILL) moved = true;
    if (held) return void tell("mousemove", point, event);
    if (pinch) {
      const now = spread();
      map.panBy([pinch.middle[0] - now.middle[0], pinch.middle[1] - now.middle[1]], { last: false });
      map.zoomBy(Math.log2(now.size / pinch.size), now.middle, false);
    } else if (moved && map.dragPan.isEnabled()) {
      canvas.style.cursor = "grabbing";
      map.panBy([before[0] - point[0], before[1] - point[1]], { last: false });
    }
  });
  for (const type of ["pointerup", "pointercancel"]) {
    canvas.addEventListener(type, (event) => {
      if (!fingers.delete(event.pointerId)) return;
      canvas.style.cursor = "grab";
      tell("mouseup", at(event), event);
      if (fingers.size) return;
      if (moved && !held) map.fire("moveend");
      if (!moved && type === "pointerup") tell("click", at(event), event);
      held = false;
    });
  }

  let turning;
  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    const pixels = event.deltaY * (event.deltaMode ? 30 : 1);
    map.zoomBy(-Math.max(-1, Math.min(1, pixels / 300)), at(event), false);
    clearTimeout(turning);
    turning = setTimeout(() => map.fire("moveend"), REST);
  }, { passive: false });
  canvas.addEventListener("dblclick", (event) => map.zoomBy(event.shiftKey ? -1 : 1, at(event)));
  canvas.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (KEYS[event.key]) map.panBy(KEYS[event.key]);
    else if (event.key === "+" || event.key === "=") map.zoomIn();
    else if (event.key === "-") map.zoomOut();
    else return;
    event.preventDefault();
  });
}
