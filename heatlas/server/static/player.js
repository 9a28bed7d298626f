/** Playing how the map filled up: while one picture is looked at, the next one is loaded. */

import { $ } from "./web/dom.js";

const FRAMES = 72;
const PAUSE = 240; // milliseconds between pictures at normal speed

/**
 * A player. `frame(share)` draws the map as it was when a share of the time had passed (null: all of it)
 * and resolves when it can be seen.
 */
export function createPlayer(frame) {
  let playing = false;
  let place = 1;
  let turn = 0;

  const wait = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

  function look() {
    $("play-icon").setAttribute("href", playing ? "#i-pause" : "#i-play");
    $("play").setAttribute("aria-label", playing ? "Pause" : "Play how the map filled up");
    $("play").setAttribute("aria-pressed", String(playing));
    $("scrub").value = String(Math.round(place * 1000));
    $("scrub").style.setProperty("--at", `${place * 100}%`);
  }

  async function run() {
    const mine = ++turn;
    playing = true;
    if (place >= 1) place = 0;
    let step = 1 / FRAMES;
    while (playing && mine === turn && place < 1) {
      place = Math.min(1, place + step);
      look();
      const since = performance.now();
      const pause = PAUSE / Number($("speed").value);
      await Promise.all([frame(place < 1 ? place : null), wait(pause)]);
      // Where drawing is slow, pictures are left out rather than played late.
      step = Math.max(1, (performance.now() - since) / pause) / FRAMES;
    }
    if (mine === turn) playing = false;
    look();
  }

  function stop() {
    playing = false;
    turn += 1;
    look();
  }

  $("play").addEventListener("click", () => (playing ? stop() : run()));
  $("scrub").addEventListener("input", () => {
    place = Number($("scrub").value) / 1000;
    stop();
    frame(place < 1 ? place : null);
  });
  look();

  return {
    /** Go back to all of the time, without drawing. */
    rest() {
      if (place === 1 && !playing) return;
      place = 1;
      stop();
    },
    playing: () => playing,
    /** Play from the beginning; resolves at the end. */
    play() {
      place = 0;
      return run();
    },
  };
}
