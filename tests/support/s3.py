"""S3-compatible storage in a process of its own (moto), which checks signatures and conditional writes.

Run as a program it serves until its input ends, and prints its address and a credential first.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, NamedTuple

BUCKET: Final = "archive"
ALLOWED: Final = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}],
}


class S3(NamedTuple):
    """Where it listens, and who may use it."""

    address: str
    key_id: str
    secret: str

    @property
    def environment(self) -> dict[str, str]:
        """For obstore."""
        return {
            "AWS_ENDPOINT_URL": self.address, "AWS_ALLOW_HTTP": "true", "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": self.key_id, "AWS_SECRET_ACCESS_KEY": self.secret,
        }  # fmt: skip


@contextmanager
def serving() -> Iterator[S3]:
    """Storage with one empty bucket."""
    environment = {**os.environ, "INITIAL_NO_AUTH_ACTION_COUNT": "0"}  # every signature is checked
    command = [sys.executable, "-m", "tests.support.s3"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        env=environment,
    ) as server:  # fmt: skip
        assert server.stdin
        assert server.stdout
        try:
            yield S3(*json.loads(server.stdout.readline()))
        finally:
            server.stdin.close()
            server.wait(timeout=10)


def main() -> None:
    """Serves until the input ends."""
    from moto.core import DEFAULT_ACCOUNT_ID
    from moto.iam.models import iam_backends
    from moto.s3.models import s3_backends
    from moto.server import ThreadedMotoServer

    iam: Any = iam_backends[DEFAULT_ACCOUNT_ID]["aws"]
    iam.create_user("us-east-1", "retention")
    iam.put_user_policy("retention", "storage", json.dumps(ALLOWED))
    key = iam.create_access_key("retention")
    s3_backends[DEFAULT_ACCOUNT_ID]["aws"].create_bucket(BUCKET, "us-east-1")
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    sys.stdout.write(json.dumps([f"http://{host}:{port}", key.access_key_id, key.secret_access_key]) + "\n")
    sys.stdout.flush()
    sys.stdin.read()
    server.stop()


if __name__ == "__main__":
    main()
