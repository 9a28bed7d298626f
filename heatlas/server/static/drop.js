/** Recordings dropped on the page, or chosen, go to the library one by one. */

import { send } from "./api.js";
import { $, counted, toast } from "./dom.js";

let enabled = () => false;
let finished = () => {};
let depth = 0;
let running = false;

/** `can()` says whether this server takes recordings; `done()` is called after some were added. */
export function openDrop(can, done) {
  enabled = can;
  finished = done;
}

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
  if (carriesFiles(event)) take(await filesOf(event.dataTransfer));
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

async function take(files) {
  if (running || !files.length) return;
  running = true;
  const box = $("import");
  const bar = $("import-bar");
  box.hidden = false;
  let added = 0;
  const failed = [];
  for (const [i, file] of files.entries()) {
    const of = files.length > 1 ? ` (${i + 1} of ${files.length})` : "";
    const tell = (share) => {
      $("import-text").textContent = `${share === null ? "Reading" : "Sending"} ${file.name}${of}`;
      if (share === null) bar.removeAttribute("value");
      else bar.value = (i + share) / files.length;
    };
    tell(0);
    try {
      added += addedBy(await send(file, tell));
    } catch (error) {
      failed.push(`${file.name}: ${error.message}`);
    }
  }
  box.hidden = true;
  running = false;
  if (failed.length) toast(failed.length === 1 ? failed[0] : `${counted(failed.length, "file")} could not be read. ${failed[0]}`, "bad");
  else toast(added ? `${counted(added, "activity")} added` : "Nothing new in there");
  finished(added);
}

/** How many activities a report says were added. */
const addedBy = (report) => report.added ?? report.activities ?? 0;
