/** Recordings dropped on the page, or chosen, go to the library one by one. */

import { importProgress, send } from "./api.js";
import { askTable } from "./table.js";
import { $, count, counted, make, toast } from "./web/dom.js";

const LOOK = 700; // milliseconds between questions how far the server is

let enabled = () => false;
let finished = () => {};
let depth = 0;
let running = false;
const waiting = []; // files of this and of later drops

/** `can()` says whether this server takes recordings; `done()` is called after some were added. */
export function openDrop(can, done) {
  enabled = can;
  finished = done;
}

/** Whether files are being read into the library. */
export const importing = () => running;

const carriesFiles = (event) => enabled() && [...(event.dataTransfer?.types ?? [])].includes("Files");

addEventListener("dragenter", (event) => {
  if (!carriesFiles(event)) return;
  depth += 1;
  $("drop").hidden = false;
});
addEventListener("dragleave", () => {
  depth = Math.max(0, depth - 1);
  if (!depth) $("drop").hidden = true;
});
addEventListener("dragover", (event) => event.preventDefault());
addEventListener("drop", async (event) => {
  event.preventDefault();
  depth = 0;
  $("drop").hidden = true;
  if (!carriesFiles(event)) return;
  try {
    take(await filesOf(event.dataTransfer));
  } catch (error) {
    toast(`The browser cannot read what was dropped: ${error.message}`, "bad");
  }
});
for (const id of ["add", "choose"]) $(id).addEventListener("click", () => $("files").click());
$("files").addEventListener("change", () => {
  take([...$("files").files]);
  $("files").value = "";
});

/** Files of a drop, also those in folders. */
async function filesOf(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.some((entry) => entry.isDirectory)) return [...transfer.files];
  const found = [];
  const walk = async (entry) => {
    if (entry.isFile) found.push(await new Promise((resolve, reject) => entry.file(resolve, reject)));
    else {
      const reader = entry.createReader();
      for (;;) {
        const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
        if (!some.length) break;
        for (const one of some) await walk(one);
      }
    }
  };
  for (const entry of entries) await walk(entry);
  return found.filter((file) => !file.name.startsWith("."));
}

/** Why files are not taken, or "": file by file a Strava export would lose its names, sports and private marks. */
const refusal = (files) =>
  files.length > 1 && files.some(({ name }) => name.toLowerCase() === "activities.csv")
    ? "This is an unpacked Strava export: drop its ZIP as it came, or run heatlas import FOLDER. "
      + "File by file its names, sports, gear and private marks would be lost."
    : "";

/** Send files, after those of earlier drops; what came of all of them is said at the end. */
async function take(files) {
  const why = refusal(files);
  if (why) return toast(why, "bad");
  waiting.push(...files);
  if (running || !waiting.length) return;
  running = true;
  const sum = { added: 0, read: 0, failed: [], warnings: [], nothing: "", sets: [] };
  showFaults(sum);
  $("import").hidden = $("import-bar").hidden = false;
  $("import-close").hidden = true;
  for (let sent = 0; waiting.length; sent += 1) {
    await sendOne(waiting.shift(), sent, sum);
    showFaults(sum);
  }
  running = false;
  $("import-bar").hidden = true;
  $("import").hidden = !sum.failed.length && !sum.warnings.length;
  $("import-close").hidden = false;
  $("import-text").textContent = outcome(sum);
  if ($("import").hidden) toast(outcome(sum)); // else it stands above what failed, and why
  finished(sum.added, sum.sets);
}

/** Send one file after so many others, and add what came of it to the sum. */
async function sendOne(file, sent, sum) {
  if (!file.size) return void sum.failed.push({ file: file.name, reason: "it is empty" });
  const bar = $("import-bar");
  let looking = null;
  const tell = (share, inside = null) => {
    const all = sent + 1 + waiting.length; // more may have been dropped meanwhile
    const place = inside?.of > 1 ? `: ${count(inside.done)} of ${count(inside.of)}` : all > 1 ? ` (${count(sent + 1)} of ${count(all)})` : "";
    $("import-text").textContent = `${share === null ? "Reading" : "Sending"} ${file.name}${place}`;
    const part = share ?? (inside?.of > 1 ? inside.done / inside.of : null);
    if (part === null) bar.removeAttribute("value");
    else bar.value = (sent + part) / all;
    if (share === null) looking ??= setInterval(async () => {
      const found = await importProgress().catch(() => null);
      if (looking && found?.file === file.name) tell(null, found);
    }, LOOK);
  };
  const rest = () => (clearInterval(looking), (looking = null));
  tell(0);
  try {
    let answer = await send(file, tell);
    rest();
    while (answer.table) {
      const answers = await askTable(file.name, answer.table);
      if (!answers) return void (sum.nothing ||= `${file.name} was left out`);
      const table = answer.table;
      answer = await send(file, tell, answers).catch((error) => {
        if (error.status !== 400) throw error;
        return { table: { ...table, ...answers, error: error.message } }; // asked again, with what is wrong
      });
      rest();
    }
    const { added, files, nothing, point_sets: sets } = answer;
    sum.added += added ?? 0;
    sum.read += files?.read ?? 0;
    sum.failed.push(...(files?.failed ?? []));
    sum.warnings.push(...(files?.warnings ?? []), ...(sets ?? []).flatMap((set) => set.warnings ?? []));
    sum.sets.push(...(sets ?? []));
    sum.nothing ||= nothing ?? "";
  } catch (error) {
    sum.failed.push({ file: file.name, reason: error.message });
  } finally {
    rest();
  }
}

const MOST = 200; // faults that are listed

/** List what could not be read, and why. */
function showFaults({ failed, warnings }) {
  const all = [...failed, ...warnings];
  const rows = all.slice(0, MOST).map(({ file, reason }) => make("li", {}, make("strong", {}, file), `: ${reason}`));
  if (all.length > MOST) rows.push(make("li", {}, `and ${count(all.length - MOST)} more`));
  $("import-faults").replaceChildren(...rows);
}

$("import-close").addEventListener("click", () => ($("import").hidden = true));

// On a phone what stands above the sheet makes room for it.
new ResizeObserver(() => document.documentElement.style.setProperty("--import", `${$("import").offsetHeight}px`)).observe($("import"));

/** What came of an import, in words. */
function outcome({ added, failed, warnings, nothing, sets }) {
  const good = [
    added ? `${counted(added, "activity")} added` : "",
    ...sets.map(({ name, points, rows }) => `${name}: ${counted(points, "point")}${points < rows ? ` of ${counted(rows, "row")}` : ""}`),
  ].filter(Boolean).join(". ");
  const bad = [
    failed.length ? `${counted(failed.length, "file")} could not be read` : "",
    warnings.length ? counted(warnings.length, "warning") : "",
  ];
  return [good, ...bad].filter(Boolean).join(". ") || nothing || "Nothing new in there";
}
