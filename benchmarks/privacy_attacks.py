"""How near attacks come to home: the audit's, and plain ones written apart, on many made towns.

Run as ``python benchmarks/privacy_attacks.py [HOMES] [RULE] [RADIUS]``; by default 50 homes, rule 2, 500 m.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from towns import Town, attacks

from heatlas.library.audit import audit_tracks
from heatlas.tracks.privacy import Privacy, Zone, hide

SECRET = b"0123456789abcdef" * 2


def main(homes: int = 50, rule: int = 2, radius: float = 500.0) -> None:
    """Print medians of all ways of guessing, and how much rosier the audit is than the best attack at most."""
    ways: dict[str, list[float]] = {}
    rosier, nearest = [], []
    for seed in range(homes):
        town = Town(seed)
        tracks, privacy = town.tracks(), Privacy(zones=(Zone(*town.place, radius, rule),), secret=SECRET)
        spot = audit_tracks(tracks, privacy).spots[0]
        shown = [hide(track, privacy) for track in tracks]
        found = {f"attack: {name}, {month}": np.hypot(*at) for (name, month), at in attacks(shown, town.place).items()}
        for way, off in [*found.items(), *((f"audit: {way}", off) for way, off in spot.guesses.items())]:
            ways.setdefault(way, []).append(float(off))
        rosier.append((spot.off or np.inf) - min(found.values()))
        nearest.append(spot.nearest_shown or np.inf)
    for way, off in sorted(ways.items()):
        print(f"{way:55} {len(off):4} homes, median {np.median(off):5.0f} m, nearest {min(off):5.0f} m")
    print(
        f"the audit is rosier than the best attack by {max(rosier):.0f} m at most, {np.median(rosier):.0f} m as a rule"
    )
    print(f"the nearest that is shown lies {min(nearest):.0f} m from home")


if __name__ == "__main__":
    main(*(float(word) if k == 2 else int(word) for k, word in enumerate(sys.argv[1:])))
