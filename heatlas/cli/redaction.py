"""Reports without places and names, for strangers: `heatlas info --json --no-positions`."""

from __future__ import annotations

import re
from typing import Any

from heatlas.core.regex import regex
from heatlas.sources.formats.known import FORMATS

__all__ = ["without_positions"]

_COUNTS = ("activities", "fixes", "rows", "points", "dropped", "sports", "columns", "seconds", "kernel")
"""Keys of a report that hold only counts and names of columns. Keys that are in no list here are left out, so that a
new key reveals nothing before somebody has checked it."""
_FACTS = ("name", "type", "reading")
_RECORDINGS = "|".join(ending[1:] for row in FORMATS.values() for ending in row.endings)
_KNOWN = rf"{_RECORDINGS}|kml|csv|tsv|txt|json|geojson|ndjson|parquet|arrow|xlsx|ods|gpkg|shp|sqlite|db|duckdb|tar|zip"
_ENDING = regex(rf"(?:\.(?:{_KNOWN}))?(?:\.(?:{_KNOWN}|gz|bz2|xz))$", re.IGNORECASE)
_BOX = regex(r"(--(?:bbox|around|zone|at))[ =][^\s;]+")
_NUMBER = regex(r"-?\d+[.,]\d+(?:[.,]\d+)*|-?\d{6,}")


def without_positions(report: dict[str, Any]) -> dict[str, Any]:
    """Remove places, dates and names of files from a report of `heatlas info`.

    Files become "file 1.fit.gz" and so on, the same name everywhere. Dates become years. Places, boxes, examples and
    ranges of values are removed. In sentences, names of files, numbers with a fraction and numbers of six or more
    digits are replaced. Counts, reasons, sports and names of columns stay.
    """
    names = _Names(report)
    files = report["files"]
    kept: dict[str, Any] = {
        "files": {
            "read": files["read"],
            **{
                what: [{"file": names(item["file"]), "reason": names.text(item["reason"])} for item in files[what]]
                for what in ("failed", "skipped", "warnings")
            },
            "held_instead": files.get("held_instead", {}),
            "notes": [names.text(note) for note in files.get("notes", ())],
        },
        **{key: report[key] for key in _COUNTS if key in report},
    }
    if "measures" in report:
        kept["measures"] = [measure["name"] for measure in report["measures"]]
    for key in ("first", "last"):
        if report.get(key):
            kept[key] = report[key][:4]
    for key in ("nothing", "undecided"):
        if key in report:
            kept[key] = names.text(report[key])
    if "hints" in report:
        kept["hints"] = [names.text(hint) for hint in report["hints"]]
    if "breaks" in report:
        much = [item | {"file": names(item["file"])} for item in report["breaks"]["files"]]
        kept["breaks"] = report["breaks"] | {"files": much}
    if "duplicates" in report:
        kept["duplicates"] = [
            copy | {"left_out": names(copy["left_out"]), "same_as": names(copy["same_as"])}
            for copy in report["duplicates"]
        ]
    if "places" in report:
        kept["places"] = [{key: place[key] for key in ("activities", "fixes")} for place in report["places"]]
    if "column_facts" in report:
        kept["column_facts"] = {
            names(table): [{key: fact[key] for key in _FACTS} for fact in facts]
            for table, facts in report["column_facts"].items()
        }
    if "point_sets" in report:
        kept["point_sets"] = [{"points": stored["points"]} for stored in report["point_sets"]]
    return kept


class _Names:
    """Substitutes for the names of the files of a report."""

    def __init__(self, report: dict[str, Any]) -> None:
        files = report["files"]
        found = [item["file"] for what in ("failed", "skipped", "warnings") for item in files[what]]
        found += [item["file"] for item in report.get("breaks", {}).get("files", ())]
        found += [copy[which] for copy in report.get("duplicates", ()) for which in ("left_out", "same_as")]
        found += report.get("column_facts", {})
        self._known: dict[str, str] = {}
        for name in found:
            self._known.setdefault(name, f"file {len(self._known) + 1}{self._ending(name)}")
        longest = sorted(filter(None, self._known), key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, longest))) if longest else None

    def __call__(self, name: str) -> str:
        return self._known[name]

    @staticmethod
    def _ending(name: str) -> str:
        ending = _ENDING.search(name)
        return ending[0].lower() if ending else ""

    def text(self, text: str) -> str:
        """Remove the names of files, boxes, and numbers that may be positions from a sentence."""
        if self._pattern is not None:
            text = self._pattern.sub(lambda match: self._known[match[0]], text)
        return _NUMBER.sub("#", _BOX.sub(r"\1 #", text))
