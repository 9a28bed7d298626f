"""Rows of the table of formats for loggers: receivers, flight recorders, handheld devices."""

from __future__ import annotations

import re

from heatlas.core.regex import regex
from heatlas.sources.formats.format import BINARY, Format

__all__ = ["LOGGERS"]

_SENTENCE = regex(rb"\$(?:[A-Z]{2}[A-Z]{3}|PMGN[A-Z]{3}),")
_POSITIONS = regex(rb"\$(?:[A-Z]{2}(?:GGA|GNS|RMC|GLL|GSA|GSV|VTG|ZDA|WPL|RTE)|PMGN(?:TRK|WPL|CMD)),")
_ANY = regex(rb"[$!][A-Z]{3,8},")
_SHIPS = regex(rb"\s*(?:\\[^\\\r\n]{0,80}\\)?!(?:AI|BS)VD[MO],")
_OF_FLIGHT = regex(rb"^(?:B\d{13}[NS]\d{8}[EW][AV]|H[FOP]DTE|H[FOP](?:PLT|GTY|GID|DTM|FTY|RFW|RHW))", re.MULTILINE)
_FOREIGN = (b"<", b"{", b"[", b"%", b"PK")
"""How other files begin, which may tell of sentences: pages, documents, programs."""


def _is_nmea(head: bytes) -> bool:
    """Tell whether from some line on most lines hold a sentence, in any encoding."""
    if b"$" not in head and b"!" not in head:
        return False
    text = head.replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")
    if text.startswith(_FOREIGN):
        return False
    if _SHIPS.match(text):
        return True
    first = _POSITIONS.search(text)
    if first is None or not _SENTENCE.search(text):
        return False
    lines = [line for line in re.split(rb"[\r\n]+", text[first.start() :]) if line.strip()]
    return 2 * sum(1 for line in lines if _ANY.search(line)) >= len(lines)


def _is_igc(head: bytes) -> bool:
    """Tell whether it begins with the maker of a recorder, a fact or a fix, and has facts or fixes of a flight."""
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    return text[:1] in {b"A", b"H", b"B"} and _OF_FLIGHT.search(text.replace(b"\r", b"\n")) is not None


LOGGERS = (
    Format(
        kind="nmea",
        title="NMEA 0183",
        content=BINARY,
        reader="loggers.nmea:read_nmea",
        apps=("GPS loggers", "chart plotters", "dashcams", "GPSLogger", "u-blox", "Garmin", "Magellan"),
        told=_is_nmea,
        endings=(".nmea",),
    ),
    Format(
        kind="igc",
        title="IGC",
        content=BINARY,
        reader="loggers.igc:read_igc",
        apps=("LXNAV", "Naviter", "Flarm", "XCSoar", "XCTrack", "Flymaster", "Skytraxx", "SeeYou"),
        told=_is_igc,
        endings=(".igc",),
    ),
    Format(
        kind="plt",
        title="OziExplorer track (PLT)",
        content=BINARY,
        reader="loggers.plt:read_plt",
        apps=("OziExplorer", "Geolife", "CompeGPS"),
        told=regex(rb"\A(?:\xef\xbb\xbf)?\s*(?:OziExplorer Track|Geolife trajectory)"),
    ),
    Format(
        kind="tdrive",
        title="Log of a taxi (T-Drive)",
        content=BINARY,
        reader="loggers.taxis:read_tdrive",
        apps=("T-Drive",),
        told=regex(rb"\A\d{1,9},\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,-?\d{1,3}(?:\.\d*)?,-?\d{1,2}(?:\.\d*)?\r?(?:\n|\Z)"),
    ),
    Format(
        kind="cabspotting",
        title="Log of a cab (Cabspotting)",
        content=BINARY,
        reader="loggers.taxis:read_cabspotting",
        apps=("Cabspotting",),
        told=regex(rb"\A-?\d{1,2}\.\d+ -?\d{1,3}\.\d+ [01] \d{9,10}\r?(?:\n|\Z)"),
    ),
    Format(
        kind="columbus",
        title="CSV of Columbus",
        content=BINARY,
        reader="loggers.rows:read_logger_table",
        apps=("Columbus", "Visiontac"),
        told=regex(rb"\A(?:\xef\xbb\xbf)?INDEX,TAG,DATE,TIME,LATITUDE N/S,LONGITUDE E/W,", re.IGNORECASE),
    ),
    Format(
        kind="mtk",
        title="CSV of MTK loggers",
        content="csv",
        reader="loggers.rows:read_logger_table",
        apps=("Qstarz", "Transystem i-Blue", "Holux", "BT747", "GPSBabel"),
        told=regex(
            r'\A\ufeff?\s*"?INDEX"?\s*,\s*"?(?:RCR"?\s*,\s*"?(?:UTC )?DATE|UTC DATE"?\s*,\s*"?UTC TIME)"?\s*,',
            re.IGNORECASE,
        ),
        rows=True,
    ),
    Format(
        kind="sbn",
        title="SiRF binary (SBN)",
        content=BINARY,
        reader="loggers.sirf:read_sbn",
        apps=("Locosys", "NaviLink", "Amaryllo"),
        told=regex(rb"\A\xa0\xa2..[\xfd\x29]", re.DOTALL),
    ),
    Format(
        kind="sbp",
        title="SiRF binary (SBP)",
        content=BINARY,
        reader="loggers.sirf:read_sbp",
        apps=("Locosys", "NaviLink"),
        told=regex(rb"\A..\xa0\xa2..\xfd[\x20-\x7e]{8}", re.DOTALL),
    ),
)
"""Told by content alone, before anything else of the same content; endings only where nothing else has them."""
