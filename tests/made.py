"""Files that tests make for themselves."""

from __future__ import annotations

import datetime as dt
import gzip

import numpy as np


def gpx(lon, lat, start=1.7e9, step=1.0, kind="running", name="made", **columns) -> bytes:
    """A GPX of one segment; columns are heart_rate, elevation, power, and seconds in place of even steps."""
    heart_rate, elevation, power = map(columns.get, ("heart_rate", "elevation", "power"))
    seconds = columns.get("seconds", [k * step for k in range(len(lon))])
    points = []
    for k, (x, y) in enumerate(zip(lon, lat, strict=True)):
        moment = dt.datetime.fromtimestamp(start + seconds[k], dt.UTC).isoformat().replace("+00:00", "Z")
        extra = (
            f"<gpxtpx:TrackPointExtension><gpxtpx:hr>{heart_rate[k]:.0f}</gpxtpx:hr></gpxtpx:TrackPointExtension>"
            if heart_rate is not None
            else ""
        )
        if power is not None:
            extra += f"<power>{power[k]:.0f}</power>"
        extra = f"<extensions>{extra}</extensions>" if extra else ""
        height = 600 if elevation is None else round(float(elevation[k]), 2)
        points.append(f'<trkpt lat="{y:.7f}" lon="{x:.7f}"><ele>{height}</ele><time>{moment}</time>{extra}</trkpt>')
    head = (
        '<?xml version="1.0" encoding="UTF-8"?><gpx version="1.1" creator="made" '
        'xmlns="http://www.topografix.com/GPX/1/1" '
        'xmlns:gpxtpx="http://www.garmin.com/xmlschemas/TrackPointExtension/v1">'
    )
    return f"{head}<trk><name>{name}</name><type>{kind}</type><trkseg>{''.join(points)}</trkseg></trk></gpx>".encode()


def straight(metres=1000.0, step=3.0, lat=47.8, lon=10.9):
    """Degrees of a line eastwards."""
    x = np.arange(0, metres, step)
    return lon + x / (111320 * np.cos(np.radians(lat))), np.full(len(x), lat)


def export(folder):
    """A small Strava export: two runs, one ride, one far away, a virtual ride, rows without files, a bad file."""
    (folder / "activities").mkdir(parents=True)
    lon, lat = straight()
    files = {
        "1.gpx": gpx(lon, lat, heart_rate=np.linspace(120, 160, len(lon))),
        "2.gpx.gz": gzip.compress(gpx(lon, lat + 1e-5, start=1.7001e9), mtime=0),
        "3.gpx": gpx(*straight(5000, 8, lat=47.805), start=1.7002e9, kind="cycling"),
        "4.gpx": gpx(*straight(2000, lat=28.1, lon=-15.4), start=1.7003e9),
        "5.gpx": gpx(*straight(2000, lat=-11.6, lon=166.9), start=1.7004e9),
        "6.gpx": b"<gpx><trk><trkseg><trkpt lat=",
        "7.fit": b"",
    }
    for name, data in files.items():
        (folder / "activities" / name).write_bytes(data)
    rows = [
        "Activity ID,Activity Date,Activity Name,Activity Type,Elapsed Time,Distance,Filename,Elapsed Time,Distance",
        '91,"Nov 14, 2023, 10:13:20 PM",Morning Run,Run,333,1.0,activities/1.gpx,333.0,1000.0',
        '92,"Nov 16, 2023, 02:00:00 AM","Run, with\na line break",Run,333,1.0,activities/2.gpx.gz,333.0,1000.0',
        '93,"Nov 17, 2023, 05:46:40 AM",Ride,Ride,625,5.0,activities/3.gpx,625.0,5000.0',
        '94,"Nov 18, 2023, 09:33:20 AM",Holiday,Run,666,2.0,activities/4.gpx,666.0,2000.0',
        '95,"Nov 19, 2023, 01:20:00 PM",Watopia,Virtual Ride,666,2.0,activities/5.gpx,666.0,2000.0',
        '96,"Nov 20, 2023, 01:20:00 PM",Weights,Weight Training,666,0.0,,666.0,0.0',
        '97,"Nov 21, 2023, 01:20:00 PM",Gone,Run,666,2.0,activities/8.fit.gz,666.0,2000.0',
    ]
    (folder / "activities.csv").write_text("\n".join(rows) + "\n")
    return folder
