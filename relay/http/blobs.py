"""Files over HTTP: uploads as tus 1.0.0 says (core, creation, termination, expiration), downloads by ranges.

Invariant: an upload that is cut keeps what was counted, and goes on there; what a cut leaves in memory is
counted too, unless it is a crumb. Who downloads is asked for nothing but the id. A download may ask for
one range (RFC 9110, 14); a client that asks for several gets the whole.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from email.utils import formatdate
from typing import Final, NamedTuple

from aiohttp import web

from relay import metrics
from relay.files.rows import Row
from relay.files.service import Files
from relay.http import problems
from relay.http.calls import Call
from relay.http.connections import keep_going
from schema.blobs import PART_BYTES, Manifest, blob_of
from schema.clock import now_ms
from schema.refusals import Refusal, invalid
from schema.storage import NotThere, StoreAway

_RANGE: Final = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")
VERSION: Final = "1.0.0"
EXTENSIONS: Final = "creation,termination,expiration"
ALWAYS: Final = {"Tus-Resumable": VERSION, "Tus-Version": VERSION}
"""Headers of every answer of tus, refusals too."""
UPLOAD_TYPE: Final = "application/offset+octet-stream"
PIECE_BYTES: Final = 512 * 1024
"""Of a download, in memory."""
CRUMB_BYTES: Final = 64 * 1024
"""Fewer bytes than this are not kept when a connection ends within a piece, and are no progress."""
SILENT_SECONDS: Final = 30.0
"""An upload on which nothing comes for so long is cut."""
Upload = Call[web.Request]


class Span(NamedTuple):
    """The bytes from `begin` to before `end`."""

    begin: int
    end: int
    is_partial: bool


def read_range(headers: Mapping[str, str], etag: str, size: int) -> Span | None:
    """The requested part of `size` bytes; None when no byte of it exists."""
    asked = _RANGE.fullmatch(headers.get("Range", "").strip())
    if asked is None or asked[0] == "bytes=-" or headers.get("If-Range", etag) != etag:
        return Span(0, size, is_partial=False)
    first, last = asked.groups()
    if not first:
        return Span(max(0, size - int(last)), size, is_partial=True) if int(last) and size else None
    begin, end = int(first), min(size, int(last) + 1 if last else size)
    if last and int(last) < begin:
        return Span(0, size, is_partial=False)  # not a range: it is passed over
    return Span(begin, end, is_partial=True) if begin < size else None


async def announce(call: Upload) -> web.StreamResponse:
    """Answers which uploads the relay takes (tus OPTIONS)."""
    most = _files(call).uploads.most_bytes
    return _answer(204, {"Tus-Extension": EXTENSIONS, "Tus-Max-Size": str(most)})


async def create(call: Upload) -> web.StreamResponse:
    """Makes room for a blob; its id is in `Location`."""
    _check_version(call.body)
    size = _number(call.body, "Upload-Length")
    name, expires = await _files(call).uploads.create(call.claims, size)
    return _answer(201, {"Location": f"/v1/blobs/{name}", "Upload-Expires": _date(expires)})


async def look(call: Upload) -> web.StreamResponse:
    """Where an upload is."""
    _check_version(call.body)
    files = _files(call)
    row = await files.uploads.look(call.claims, call.path["blob_id"])
    if row.is_to_be_recorded:
        with files.transfers.upload(str(call.user_id), call.address):
            row = await files.uploads.complete(call.claims, row)
    return _answer(200, {**_place(row), "Upload-Length": str(row.size)})


async def receive(call: Upload) -> web.StreamResponse:
    """Continues an upload at `Upload-Offset`."""
    request, files = call.body, _files(call)
    _check_version(request)
    if request.content_type != UPLOAD_TYPE:
        raise Refusal("invalid", f"The body must be {UPLOAD_TYPE}.", status=415)
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise Refusal("invalid", "The body must not be compressed.", status=415)
    offset = _number(request, "Upload-Offset")
    with files.transfers.upload(str(call.user_id), call.address):
        row = await files.uploads.receive(
            call.claims, call.path["blob_id"], offset, request.content_length or 0, _pieces(call)
        )
    return _answer(204, _place(row))


async def give_up(call: Upload) -> web.StreamResponse:
    """Forgets an upload, or erases a blob."""
    _check_version(call.body)
    await _files(call).uploads.give_up(call.claims, call.path["blob_id"])
    return _answer(204, {})


async def download(call: Upload) -> web.StreamResponse:
    """A blob, or a range of it; whoever knows its id may read it."""
    files = _files(call)
    with files.transfers.download(call.address):
        return await _download(call.body, files, blob_of(call.path["blob_id"]))


async def _download(request: web.Request, files: Files, blob: bytes | None) -> web.StreamResponse:
    manifest = None if blob is None else await files.store.manifest(blob)
    if blob is None or manifest is None or manifest.until <= now_ms():
        raise Refusal("not_found", "There is no such file.")
    etag = f'"{manifest.digest.hex()}"'
    span = read_range(request.headers, etag, manifest.size)
    if span is None:
        answer: web.StreamResponse = problems.response(Refusal("invalid", "No such range.", status=416))
        answer.headers["Content-Range"] = f"bytes */{manifest.size}"
        return answer
    answer = web.StreamResponse(status=206 if span.is_partial else 200)
    answer.content_type = "application/octet-stream"
    answer.content_length = span.end - span.begin
    answer.headers.update({"Accept-Ranges": "bytes", "ETag": etag, "Content-Disposition": "attachment"})
    if span.is_partial:
        answer.headers["Content-Range"] = f"bytes {span.begin}-{span.end - 1}/{manifest.size}"
    await _send(request, answer, files, blob, manifest, span)
    return answer


async def _send(
    request: web.Request,
    answer: web.StreamResponse,
    files: Files,
    blob: bytes,
    manifest: Manifest,
    span: Span,
) -> None:
    """Sends the bytes of the span. The first piece is read before the answer begins, so that a storage that
    is away is a refusal; later it can only be a cut."""
    began = False
    async for piece in _read(files, blob, manifest, span):
        if not began:
            await answer.prepare(request)
            began = True
        await answer.write(piece)
        metrics.BLOB_BYTES.labels("out").inc(len(piece))
        keep_going(request)
    if not began:
        await answer.prepare(request)
    await answer.write_eof()


async def _read(files: Files, blob: bytes, manifest: Manifest, span: Span) -> AsyncIterator[bytes]:
    at = span.begin
    for part in manifest.parts:
        while part.begin <= at < min(part.begin + part.size, span.end):
            length = min(PIECE_BYTES, part.begin + part.size - at, span.end - at)
            try:
                yield await files.store.read_part(blob, part, at - part.begin, length)
            except NotThere as error:
                raise StoreAway("a part is not there") from error
            at += length


async def _pieces(call: Upload) -> AsyncIterator[bytes]:
    """The body in pieces of PART_BYTES. A body that ends early raises after the last piece worth keeping.

    Raises Refusal unauthorized when the session ends meanwhile, and invalid."""
    request, session = call.body, call.claims.session_id
    piece, failed, gained = bytearray(), None, 0
    while not failed:
        try:
            async with asyncio.timeout(SILENT_SECONDS):
                data = await request.content.readany()
        except (ConnectionError, web.RequestPayloadError, TimeoutError) as error:
            failed = error
            break
        if not data:
            break
        if call.services.revocation.is_ended(session) is not None:
            raise Refusal("unauthorized", "The session has ended.")
        piece += data
        gained += len(data)
        if gained >= CRUMB_BYTES:
            keep_going(request)
            gained = 0
        while len(piece) >= PART_BYTES:
            yield bytes(piece[:PART_BYTES])
            del piece[:PART_BYTES]
    if piece and (failed is None or len(piece) >= CRUMB_BYTES):
        yield bytes(piece)
    if failed is not None:
        raise Refusal("invalid", "The body did not come whole.", status=408) from failed


def _files(call: Upload) -> Files:
    if call.services.files is None:
        raise Refusal("not_found", "This relay takes no files.")
    return call.services.files


def _check_version(request: web.Request) -> None:
    if request.headers.get("Tus-Resumable", VERSION) != VERSION:
        raise Refusal("invalid", f"This is tus {VERSION}.", status=412)


def _number(request: web.Request, name: str) -> int:
    text = request.headers.get(name, "")
    if not (text.isascii() and text.isdigit() and len(text) < 18) or (
        name == "Upload-Length" and not int(text)
    ):
        raise invalid(name, f"{name} must be a number of bytes.")
    return int(text)


def _place(row: Row) -> dict[str, str]:
    return {"Upload-Offset": str(row.received), "Upload-Expires": _date(row.expires_at)}


def _date(at: int) -> str:
    return formatdate(at / 1000, usegmt=True)


def _answer(status: int, headers: dict[str, str]) -> web.Response:
    return web.Response(status=status, headers=headers)
