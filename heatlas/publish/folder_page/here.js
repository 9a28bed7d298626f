/* Runs where modules do not: a page that was opened from disk may not fetch anything. */
if (location.protocol === "file:") {
  addEventListener("DOMContentLoaded", () => {
    document.getElementById("trouble").hidden = false;
    document.getElementById("why").textContent =
      "These tiles are meant for a web server: a page that is opened from disk may not read them. To look at them here, " +
      "run “python -m http.server” in this folder and open http://localhost:8000/ in the browser.";
  });
}
