"""Rows of the table of formats for apps of phones, and for the services that they report to."""

from __future__ import annotations

import re

from heatlas.core.regex import regex
from heatlas.sources.formats.format import Format

__all__ = ["PHONES"]

_MESSAGE = r'"_type"\s*:\s*"(?:location|transition|waypoints?|lwt|encrypted|cmd|status|card|steps)"'
_COLLECTION = r'"type"\s*:\s*"FeatureCollection".{0,4000}'

PHONES = (
    Format(
        kind="owntracks-rec",
        title="OwnTracks recorder (.rec)",
        content="text",
        reader="phones.owntracks:read_owntracks",
        apps=("OwnTracks",),
        told=regex(rf"^\d{{4}}-\d\d-\d\dT[^\t\n]{{0,40}}\t[^\n]{{0,80}}\{{[^\n]{{0,2000}}{_MESSAGE}", re.MULTILINE),
        endings=(".rec",),
        large=True,
    ),
    Format(
        kind="owntracks",
        title="OwnTracks (JSON)",
        content="json",
        reader="phones.owntracks:read_owntracks",
        apps=("OwnTracks",),
        told=regex(_MESSAGE),
        rows=True,
        large=True,
    ),
    Format(
        kind="overland",
        title="Overland",
        content="json",
        reader="phones.overland:read_overland",
        apps=("Overland",),
        told=regex(r'"locations"\s*:\s*\[\s*\{[^\[\]]{0,400}"(?:Feature|geometry|properties)"'),
        rows=True,
        large=True,
    ),
    Format(
        kind="gpslogger",
        title="GPSLogger (CSV)",
        content="csv",
        reader="phones.gpslogger:read_gpslogger",
        apps=("GPSLogger",),
        told=regex(r"\A\ufeff?time,lat,lon,elevation,accuracy,bearing,speed\b"),
        rows=True,
    ),
    Format(
        kind="gpslogger-points",
        title="GPSLogger (GeoJSON)",
        content="json",
        reader="phones.gpslogger:read_gpslogger_points",
        apps=("GPSLogger",),
        told=regex(r'"time_long"\s*:\s*"?\d{10,14}\b'),
        rows=True,
        large=True,
    ),
    Format(
        kind="traccar",
        title="Traccar (JSON)",
        content="json",
        reader="phones.traccar:read_traccar",
        apps=("Traccar",),
        told=regex(
            r'"deviceId"\s*:\s*\d+\s*,[^{}]{0,2000}"(?:fixTime|deviceTime)"\s*:|"fixTime"\s*:\s*"[^{}]{0,2000}"deviceId"\s*:\s*\d'
        ),
        rows=True,
        large=True,
    ),
    Format(
        kind="traccar-table",
        title="Traccar (CSV)",
        content="csv",
        reader="phones.traccar:read_traccar_table",
        apps=("Traccar",),
        told=regex(r"\A\ufeff?id,deviceId,protocol,(?:\w{1,30},){0,3}fixTime,"),
        rows=True,
    ),
    Format(
        kind="dawarich",
        title="Dawarich",
        content="json",
        reader="phones.dawarich:read_dawarich",
        apps=("Dawarich",),
        told=regex(
            rf'"dawarich-export"|{_COLLECTION}"(?:tracker_id|reverse_geocoded_at|battery_status)"\s*:', re.DOTALL
        ),
        rows=True,
        large=True,
    ),
    Format(
        kind="home-assistant",
        title="Home Assistant",
        content="json",
        reader="phones.home_assistant:read_history",
        apps=("Home Assistant",),
        told=regex(r'\A\s*\[\s*\[.{0,4000}"(?:device_tracker|person)\.', re.DOTALL),
        large=True,
    ),
)
"""Told by content alone, before anything else of the same content."""
