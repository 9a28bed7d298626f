/** The share dialog: files that are made of this view, addresses that other programs take, and the link to it. */

import { tiles } from "./api.js";
import { fillFiles } from "./files.js";
import { $, make, toast } from "./web/dom.js";

const MOST = 22;
const ALONE = /^(localhost|127\.|\[?::1)/; // names by which a machine calls itself

/** What each program wants: [name, how it is used, text]; with a place for the token where one is asked for. */
function addresses(measure, query, token) {
  const all = new URLSearchParams(query);
  if (token) all.set("token", "TOKEN");
  const address = tiles(measure, all);
  const link = new URL(location.href);
  if (token) link.searchParams.set("token", "TOKEN");
  const plain = (z, x, y) => address.replace("{ratio}", "").replace("{z}", z).replace("{x}", x).replace("{y}", y);
  const title = `heatlas ${measure}`;
  const osmand = new URLSearchParams({
    name: title, min_zoom: "0", max_zoom: String(MOST), url_template: plain("{0}", "{1}", "{2}"),
  });
  return [
    ["This view", ALONE.test(location.hostname) ? "A link that restores everything, on this machine alone" : "A link that restores everything", link.href],
    ["JOSM", "Imagery preferences, add TMS", `tms[${MOST}]:${plain("{zoom}", "{x}", "{y}")}`],
    ["iD", "Background settings, custom", address.replace("{z}", "{zoom}").replace("{ratio}", "{@2x}")],
    ["QGIS", "XYZ Tiles, new connection", plain("{z}", "{x}", "{y}")],
    ["OsmAnd", "Open on the phone", `https://osmand.net/add-tile-source?${osmand.toString().replaceAll("+", "%20")}`],
    ["MapLibre, Leaflet", "Raster tiles of 256 pixels", plain("{z}", "{x}", "{y}")],
  ];
}

/** Show the dialog for what is drawn; `library.token` says whether the server asks for a token: it was taken out of the address, and is not known here. */
export function openShare({ measure, query, title, theme, library }) {
  const { token } = library;
  $("share-token").hidden = !token;
  $("share-alone").hidden = !ALONE.test(location.hostname);
  $("share-list").replaceChildren(...addresses(measure, query, token).map(([name, hint, text]) => {
    const button = make("button", { type: "button", className: "copy" },
      make("span", {}, make("strong", {}, name), make("small", { className: "muted" }, hint)),
      make("span", { className: "do" }, "Copy"));
    button.dataset.text = text;
    button.title = text;
    button.addEventListener("click", () => copy(text, name));
    return make("li", {}, button);
  }));
  fillFiles({ measure, query, title, theme, library });
  $("share-dialog").showModal();
}

async function copy(text, name) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Without https the browser has no clipboard for scripts; the old way still works.
    const field = make("textarea", { value: text, readOnly: true, className: "hidden" });
    $("share-dialog").append(field);
    field.select();
    const done = document.execCommand("copy");
    field.remove();
    if (!done) return toast("The browser does not let this page copy", "bad");
  }
  return toast(name === "This view" ? "Link copied" : `Copied for ${name}`);
}

$("share-close").addEventListener("click", () => $("share-dialog").close());
$("share-dialog").addEventListener("click", (event) => {
  if (event.target === $("share-dialog")) $("share-dialog").close();
});
