"""The plan in a bucket: partitions, working folder and archive on S3, as a server on loopback."""

from __future__ import annotations

from partitions import trips_of, write_partitions
from test_scale import recipe_of, tiles_in

from heatlas.core.context import Context
from heatlas.core.filesystems import locate
from heatlas.scale.archive import build
from heatlas.scale.engine import Here
from heatlas.scale.plan import Sizes

ONE = Context(1)
SMALL = Sizes(2, 2, 40)


def test_all_of_a_plan_in_a_bucket(bucket, tmp_path):
    source = write_partitions(tmp_path / "in", trips_of(persons=4, trips=2, fixes=50), 3)
    recipe = recipe_of(zooms=(8, 9))
    build([source], str(tmp_path / "a.pmtiles"), recipe, Here(), ONE, sizes=SMALL)
    for file in source.iterdir():
        locate(f"{bucket}/in/{file.name}").write(file.read_bytes())
    said = []
    for _ in range(2):
        said.append(
            build([f"{bucket}/in"], f"{bucket}/a.pmtiles", recipe, Here(), ONE, work=f"{bucket}/work", sizes=SMALL)
        )
        (tmp_path / "b.pmtiles").write_bytes(locate(f"{bucket}/a.pmtiles").read())
        assert tiles_in(tmp_path / "b.pmtiles") == tiles_in(tmp_path / "a.pmtiles")
    assert said[0]["reused"] == 0 < said[1]["reused"]
    assert {file.path.split("/")[1] for file in locate(bucket).files()} == {"a.pmtiles", "in", "work"}
