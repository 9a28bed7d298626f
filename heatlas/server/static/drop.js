/** Recordings dropped on the page, or chosen, go to the library one by one. */

import { send } from "./api.js";
import { $, counted, toast } from "./web/dom.js";

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
  $("import").hidden = false;
  const sum = { added: 0, failed: [], warnings: [], nothing: "" };
  for (let sent = 0; waiting.length; sent += 1) await sendOne(waiting.shift(), sent, sum);
  $("import").hidden = true;
  running = false;
  toast(outcome(sum), sum.failed.length || (sum.warnings.length && !sum.added) ? "bad" : "");
  finished(sum.added);
}

/** Send one file after so many others, and add what came of it to the sum. */
async function sendOne(file, sent, sum) {
  if (!file.size) return void sum.failed.push({ file: file.name, reason: "it is empty" });
  const bar = $("import-bar");
  const tell = (share) => {
    const all = sent + 1 + waiting.length; // more may have been dropped meanwhile
    $("import-text").textContent =
      `${share === null ? "Reading" : "Sending"} ${file.name}${all > 1 ? ` (${sent + 1} of ${all})` : ""}`;
    if (share === null) bar.removeAttribute("value");
    else bar.value = (sent + share) / all;
  };
  tell(0);
  try {
    const { added, files, nothing } = await send(file, tell);
    sum.added += added ?? 0;
    sum.failed.push(...(files?.failed ?? []));
    sum.warnings.push(...(files?.warnings ?? []));
    sum.nothing ||= nothing ?? "";
  } catch (error) {
    sum.failed.push({ file: file.name, reason: error.message });
  }
}

/** What came of an import, in words. */
function outcome({ added, failed, warnings, nothing }) {
  const good = added ? `${counted(added, "activity")} added` : "";
  const bad = failed.length ? unread(failed) : warnings.length ? doubtful(warnings) : "";
  return [good, bad].filter(Boolean).join(". ") || nothing || "Nothing new in there";
}

const unread = ([{ file, reason }, ...rest]) =>
  rest.length
    ? `${counted(rest.length + 1, "file")} could not be read. ${file}: ${reason}`
    : `${file} could not be read: ${reason}`;

const doubtful = ([{ file, reason }, ...rest]) =>
  `${file}: ${reason}${rest.length ? ` (and ${counted(rest.length, "more warning")})` : ""}`;
