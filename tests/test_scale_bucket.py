"""The plan in a bucket: partitions, working folder and archive on S3, as a server on loopback."""

from __future__ import annotations

import pytest
from partitions import trips_of, write_partitions
from test_scale import recipe_of, tiles_in

import heatlas
from heatlas.core.context import Context
from heatlas.core.errors import SourceFailed
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


def test_an_archive_is_put_together_inside_s3(bucket, tmp_path, monkeypatch):
    """Large parts are copied there, small ones are sent; an upload that fails leaves no part."""
    import boto3
    import moto.s3.models
    from botocore.client import BaseClient
    from botocore.exceptions import ClientError

    from heatlas.scale import copying

    source = write_partitions(tmp_path / "in", trips_of(persons=4, trips=2, fixes=50), 3)
    recipe = recipe_of(zooms=(8, 12))
    build([source], str(tmp_path / "a.pmtiles"), recipe, Here(), ONE, sizes=SMALL)
    wanted, calls = (tmp_path / "a.pmtiles").read_bytes(), []
    call = BaseClient._make_api_call

    def noted(self, name, given):
        calls.append(name)
        if name == "CompleteMultipartUpload" and breaks:
            raise ClientError({"Error": {"Code": "SlowDown", "Message": "no"}}, name)
        return call(self, name, given)

    monkeypatch.setattr(BaseClient, "_make_api_call", noted)
    monkeypatch.setattr(copying, "_PART", 500)
    monkeypatch.setattr(moto.s3.models, "S3_UPLOAD_PART_MIN_SIZE", 1)
    out, breaks = f"{bucket}/a.pmtiles", True

    def go():
        return build([source], out, recipe, Here(), ONE, work=f"{bucket}/work", sizes=SMALL)["bytes"]

    with pytest.raises(SourceFailed, match=r"a\.pmtiles cannot be written: .*SlowDown"):
        go()
    client = boto3.client("s3")
    assert not client.list_multipart_uploads(Bucket=bucket[5:]).get("Uploads")
    client.close()
    assert locate(out).kind() == ""
    breaks = False
    assert go() == len(wanted)
    assert locate(out).read() == wanted
    assert {"UploadPart", "UploadPartCopy", "CompleteMultipartUpload"} <= set(calls)


def test_a_file_system_of_fsspec_holds_all_of_a_plan(tmp_path):
    pytest.importorskip("fsspec")
    source = write_partitions(tmp_path / "in", trips_of(persons=4, trips=2, fixes=50), 3)
    for file in source.iterdir():
        locate(f"memory://plan/in/{file.name}").write(file.read_bytes())
    assert next(file.uri for file in locate("memory://plan/in").files()) == "memory://plan/in/part-000.parquet"
    assert len(heatlas.open("memory://plan/in/*.parquet", track="trip")) == 8
    recipe = recipe_of(zooms=(8, 9))
    build([source], str(tmp_path / "a.pmtiles"), recipe, Here(), ONE, sizes=SMALL)
    build(["memory://plan/in"], "memory://plan/a.pmtiles", recipe, Here(), ONE, sizes=SMALL)
    (tmp_path / "b.pmtiles").write_bytes(locate("memory://plan/a.pmtiles").read())
    assert tiles_in(tmp_path / "b.pmtiles") == tiles_in(tmp_path / "a.pmtiles")
    assert {file.path.split("/")[2] for file in locate("memory://plan").files()} == {"in", "a.pmtiles"}
