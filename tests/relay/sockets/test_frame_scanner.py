"""Where frames begin and what of a message is unfinished, in streams cut anywhere."""

from hypothesis import given, settings
from hypothesis import strategies as st

from relay.sockets.frames import FrameScanner

FINAL, CONTINUED, BINARY, PING = 0x80, 0, 0x02, 0x09


def frame(payload: bytes, opcode: int = BINARY, *, final: bool = True, masked: bool = True) -> bytes:
    """A frame as clients write it; the mask is all zeros, which changes nothing."""
    size, mask = len(payload), 0x80 if masked else 0
    if size < 126:
        length = bytes([mask | size])
    elif size < 1 << 16:
        length = bytes([mask | 126]) + size.to_bytes(2, "big")
    else:
        length = bytes([mask | 127]) + size.to_bytes(8, "big")
    return bytes([(FINAL if final else 0) | opcode]) + length + (bytes(4) if masked else b"") + payload


sizes = st.sampled_from([0, 1, 2, 125, 126, 127, 65_535]) | st.integers(0, 300)
message = st.tuples(st.lists(sizes, min_size=1, max_size=4), st.booleans(), st.booleans())
messages = st.lists(message, max_size=4)


@settings(max_examples=40)
@given(messages, st.data())
def test_frames_and_unfinished_bytes_are_known_however_the_stream_is_cut(
    sent: list[tuple[list[int], bool, bool]], data: st.DataObject
) -> None:
    stream, begins, open_bytes = b"", [], {0: 0}
    for parts, pinged, masked in sent:
        fragments = b""
        for number, size in enumerate(parts):
            last = number == len(parts) - 1
            made = frame(bytes(size), CONTINUED if number else BINARY, final=last, masked=masked)
            begins.append(len(stream) + len(made) - size)
            stream += made
            fragments = b"" if last else fragments + made
            open_bytes[len(stream)] = len(fragments)
            if pinged:
                begins.append(len(stream) + 2 + (4 if masked else 0))
                stream += frame(b"hello", PING, masked=masked)
                open_bytes[len(stream)] = len(fragments)
    cuts = sorted(data.draw(st.sets(st.integers(0, len(stream)), max_size=8)) | {len(stream)})
    scanner, at = FrameScanner(), 0
    for cut in cuts:
        begun = scanner.feed(stream[at:cut])
        assert begun == sum(at < begin <= cut for begin in begins)
        whole = max(end for end in open_bytes if end <= cut)
        assert scanner.unfinished == open_bytes[whole] + cut - whole
        at = cut
