"""What is read of sources."""

from __future__ import annotations

from heatlas.core.errors import BadOption
from heatlas.core.frozen import frozen
from heatlas.options.option import option, switch

__all__ = ["ReadingOptions"]


@frozen(kw_only=True)
class ReadingOptions:
    """Content of sources that is read."""

    read_as: str | None = option(
        "",
        "Maps and tables of geometries (KML, GeoJSON, GeoPackage ...): read their lines as tracks, or their points.  "
        "[default: tracks where there are lines]",
        choices=("tracks", "points"),
    )
    routes: bool = switch(
        "Also read planned routes, which are otherwise left out: routes of GPX, courses of TCX and FIT, and the routes "
        "of a Strava export. Their times, if any, are not taken; --where planned tells them apart."
    )

    person: str | None = option(
        "NAME|COLUMN|folder",
        "Whose the tracks are: a name for all; of tables the column that says it, by default `person`; `folder`: the "
        "name of the folder or archive of each person inside the SOURCE.",
    )

    def check(self) -> None:
        """Refuse a value that is not one of the choices, as Python may pass it.

        Raises
        ------
        BadOption
            Names the choices.
        """
        if self.read_as not in {None, "tracks", "points"}:
            raise BadOption(f"--read-as {self.read_as} is not known: say tracks or points")
        if self.person is not None and not self.person.strip():
            raise BadOption("--person needs a name, a column, or folder")
