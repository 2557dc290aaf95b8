"""Files as an independent client of tus 1.0.0 uploads and reads them; a cut is a connection that ends within
the body."""

import asyncio
from hashlib import sha256
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit

from schema.blobs import blob_of
from tests.support.people import Person, Reply

TUS = {"Tus-Resumable": "1.0.0"}
BODY = "application/offset+octet-stream"


async def ask(person: Person, method: str, path: str, data: bytes | None = None, **headers: str) -> Reply:
    """One call of tus; `_` in the names of headers is `-`."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await person.call(method, path, headers={**TUS, **named}, data=data and BytesIO(data))


async def create(person: Person, size: int) -> str:
    """The path of a new upload."""
    reply = await ask(person, "POST", "/v1/blobs", Upload_Length=str(size))
    assert reply.status == 201, reply.body
    return str(reply.headers["Location"])


async def patch(person: Person, path: str, offset: int, data: bytes, **headers: str) -> Reply:
    return await ask(
        person, "PATCH", path, data, **{"Upload_Offset": str(offset), "Content_Type": BODY, **headers}
    )


async def upload(person: Person, data: bytes) -> str:
    """The path of a file that was uploaded in one piece."""
    path = await create(person, len(data))
    reply = await patch(person, path, 0, data)
    assert (reply.status, reply.headers["Upload-Offset"]) == (204, str(len(data))), reply.body
    return path


async def offset(person: Person, path: str) -> int:
    reply = await ask(person, "HEAD", path)
    assert reply.status == 200
    return int(reply.headers["Upload-Offset"])


async def cut_off(person: Person, path: str, begin: int, whole: bytes, sent: int) -> None:
    """Announces the rest of `whole` from `begin`, sends `sent` bytes of it, and is gone."""
    reader, writer = await _begin(person, path, begin, whole, sent)
    writer.write_eof()
    await reader.read()
    writer.close()


async def fall_silent(person: Person, path: str, whole: bytes, sent: int) -> bytes:
    """Announces `whole`, sends `sent` bytes of it, and waits for the answer."""
    reader, writer = await _begin(person, path, 0, whole, sent)
    answer = await reader.read()
    writer.close()
    return answer


async def _begin(
    person: Person, path: str, begin: int, whole: bytes, sent: int
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    url = urlsplit(person.url)
    reader, writer = await asyncio.open_connection(url.hostname, url.port)
    head = {
        **TUS, "Host": url.netloc, "Authorization": f"Bearer {person.session['access_token']}",
        "Content-Type": BODY, "Upload-Offset": str(begin), "Content-Length": str(len(whole) - begin),
    }  # fmt: skip
    lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
    writer.write(f"PATCH {path} HTTP/1.1\r\n{lines}\r\n".encode() + whole[begin : begin + sent])
    await writer.drain()
    return reader, writer


async def read(person: Person, path: str, **headers: str) -> Reply:
    """As a reader does, who has no account."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await person.call("GET", path, headers={"Authorization": "", **named})


async def read_raw(person: Person, path: str) -> bytes:
    """All bytes that the connection of a reader carries until it ends, the head included."""
    url = urlsplit(person.url)
    reader, writer = await asyncio.open_connection(url.hostname, url.port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: {url.netloc}\r\nConnection: close\r\n\r\n".encode())
    data = await reader.read()
    writer.close()
    return data


def digest(data: bytes) -> bytes:
    return sha256(data).digest()


def blob(path: str) -> bytes:
    """What log and storage call it."""
    found = blob_of(path.rpartition("/")[2])
    assert found is not None
    return found


def of(events: list[Any], path: str) -> list[Any]:
    """The events about one file."""
    return [event for event in events if getattr(event, "blob", None) == blob(path)]
