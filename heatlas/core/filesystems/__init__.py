"""Files on disks and in buckets by their address: ``s3://``, ``gs://``, ``az://``, ``file://`` or a plain path.

=========== ======================================================
`locations` files and folders: looked at, listed, read, written
`patterns`  patterns of paths
`stores`    file systems, with the credentials found as usual
`failures`  errors of file systems in one sentence
=========== ======================================================

The credentials and the endpoint are found as the tools of each cloud find them: ``AWS_ACCESS_KEY_ID``, ``AWS_PROFILE``,
``AWS_REGION``, ``AWS_ENDPOINT_URL`` ..., ``GOOGLE_APPLICATION_CREDENTIALS``, ``AZURE_STORAGE_ACCOUNT``. Connections are
opened to what an address names, and to nothing else.
"""

from heatlas.core.filesystems.failures import NOT_THERE, failing
from heatlas.core.filesystems.locations import Found, Location, locate, source_name
from heatlas.core.filesystems.stores import SCHEMES, is_address

__all__ = ["NOT_THERE", "SCHEMES", "Found", "Location", "failing", "is_address", "locate", "source_name"]
