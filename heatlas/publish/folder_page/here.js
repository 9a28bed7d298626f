/* Runs where modules do not: a page that was opened from disk may not fetch anything, but load scripts. */
if (location.protocol === "file:") {
  globalThis.heatlas = {};
  addEventListener("DOMContentLoaded", async () => {
    try {
      for (const name of ["tiles.js", "assets/ground.js", "assets/disk.js"]) {
        await new Promise((resolve, reject) => {
          const script = document.createElement("script");
          Object.assign(script, { src: name, onload: resolve, onerror: reject });
          document.head.append(script);
        });
      }
    } catch {
      document.getElementById("trouble").hidden = false;
      document.getElementById("why").textContent =
        "The browser may not read these tiles from disk. To look at them here, run “python -m http.server” in this " +
        "folder and open http://localhost:8000/ in the browser.";
    }
  });
}
