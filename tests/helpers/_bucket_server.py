"""A real S3-compatible server on this machine, which the library's environment leads to."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import fsspec
import pytest
from moto.server import ThreadedMotoServer

__all__ = ["bucket_server"]


@contextmanager
def bucket_server(bucket: str) -> Iterator[Any]:  # Any: fsspec has no types
    """Serve an empty bucket, and give a file system to fill it with."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    environment = {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        fsspec.get_filesystem_class("s3").clear_instance_cache()
        files = fsspec.filesystem("s3", skip_instance_cache=True)
        if files.exists(bucket):  # the server keeps its buckets in this process
            files.rm(bucket, recursive=True)
        files.mkdir(bucket)
        try:
            yield files
        finally:
            fsspec.get_filesystem_class("s3").clear_instance_cache()
            server.stop()
