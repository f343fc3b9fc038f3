"""What a stream is, by its first bytes.

A container says better what it holds than the request that it came with, so it wins.
"""

import re

SNIFF_BYTES = 12
"""The longest signature: RIFF, a size, WAVE."""

_SIGNATURES = (
    ("wav", re.compile(rb"(RIFF|RF64)....WAVE", re.DOTALL)),
    ("flac", re.compile(rb"fLaC")),
    ("ogg", re.compile(rb"OggS")),
    ("webm", re.compile(rb"\x1a\x45\xdf\xa3")),
    ("mp3", re.compile(rb"ID3[\x02-\x04]")),
    ("mp4", re.compile(rb"....(ftyp|styp|moov|mdat|wide|free)", re.DOTALL)),
    ("amr", re.compile(rb"#!AMR")),
)

_FRAMES = (
    # Sync, any version, layer III, a valid bit rate.
    ("mp3", re.compile(rb"\xff[\xe2\xe3\xf2\xf3\xfa\xfb][\x10-\xef]")),
    # Sync, layer 0, no reserved profile or rate, at least one channel, a length above the header's.
    (
        "aac",
        re.compile(rb"\xff[\xf0\xf1\xf8\xf9][\x00-\x33\x40-\x73\x80-\xb3].[\x01-\xff]", re.DOTALL),
    ),
)

_CARRIERS = {
    "flac": ("ogg",),
    "ogg-opus": ("ogg",),
    "speex": ("ogg",),
    "amr-nb": ("amr",),
    "amr-wb": ("amr",),
}
"""Containers that an encoding may come in without a contradiction."""


def container_of(head: bytes) -> str | None:
    """The container that starts with `head` (SNIFF_BYTES, or all there is), None if it starts none."""
    return _match(_SIGNATURES, head)


def frames_of(head: bytes) -> str | None:
    """`mp3` or `aac` where `head` starts with a header of their frames, as they do without a tag.

    Linear16 may start so by chance: ask only about streams that nothing else is known of.
    """
    return _match(_FRAMES, head)


def contradicts(encoding: str | None, found: str) -> bool:
    """Whether a stream that was announced as `encoding` may not be the container `found`."""
    return encoding not in (None, found) and found not in _CARRIERS.get(encoding or "", ())


def _match(patterns: tuple[tuple[str, re.Pattern[bytes]], ...], head: bytes) -> str | None:
    return next((name for name, pattern in patterns if pattern.match(head)), None)
