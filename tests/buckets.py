"""An S3 server on this machine, and a bucket in it."""

import os
from contextlib import contextmanager

import pytest

KEYS = ("AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION")


@contextmanager
def environment(**values):
    """Set variables of the environment for a while, and forget the file systems that were made of others."""
    from heatlas.core.filesystems.stores import filesystem_of

    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    filesystem_of.cache_clear()
    try:
        yield
    finally:
        filesystem_of.cache_clear()
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@pytest.fixture(scope="session")
def s3_server():
    """Address of the server."""
    server = pytest.importorskip("moto.server").ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(s3_server, request):
    """A new bucket: its address, with the environment that finds it."""
    import boto3

    name = "b" + "".join(c for c in request.node.name.lower() if c.isalnum())[-50:]
    values = dict(zip(KEYS, (s3_server, "key", "secret", "us-east-1"), strict=True))
    with environment(**values, AWS_EC2_METADATA_DISABLED="true", AWS_MAX_ATTEMPTS="2"):
        client = boto3.client("s3")
        client.create_bucket(Bucket=name)
        yield f"s3://{name}"
        client.close()
