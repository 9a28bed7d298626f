/** Questions on a table of points that was dropped: what weighs, and where its rows are. */

import { $, make } from "./web/dom.js";

/** Ask; resolves to { weight, lat, lon, name }, or null: the table is left out. */
export function askTable(file, { columns, lat, lon, geometry, weight, name, error }) {
  const dialog = $("table-dialog");
  $("table-title").textContent = `Points of ${file}`;
  $("table-error").textContent = error ?? "";
  const numbers = columns.filter(({ range }) => range);
  const option = ({ name: value, example, range }) => make("option", { value }, `${value} (${range ? `${said(range[0])} to ${said(range[1])}` : example})`);
  $("table-weight").replaceChildren(make("option", { value: "" }, "Nothing: each row counts 1"), ...numbers.filter((one) => one.name !== lat && one.name !== lon).map(option));
  $("table-weight").value = weight ?? "";
  for (const [id, found] of [["table-lat", lat], ["table-lon", lon]]) {
    $(id).replaceChildren(...(found ? [] : [make("option", { value: "" }, "Choose…")]), ...columns.map(option));
    $(id).value = found ?? "";
    $(id).required = !geometry;
  }
  $("table-where").hidden = Boolean(geometry);
  $("table-name").value = name ?? "";
  $("table-name").placeholder = file.replace(/(\.\w{1,12}){1,2}$/, "");
  dialog.returnValue = "";
  dialog.showModal();
  $("table-weight").focus();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      if (dialog.returnValue !== "yes") return resolve(null);
      const answers = { weight: $("table-weight").value, name: $("table-name").value.trim() };
      if (!geometry) Object.assign(answers, { lat: $("table-lat").value, lon: $("table-lon").value });
      resolve(answers);
    }, { once: true });
  });
}

const number = new Intl.NumberFormat("en", { maximumSignificantDigits: 6 });
const said = (value) => number.format(value);

$("table-no").addEventListener("click", () => $("table-dialog").close(""));
