"""One stream's frames alike: of the same rate and the same channels."""

from collections.abc import Iterator

import av
from av.audio.frame import AudioFrame


class Uniform:
    """Makes all frames like the first. `has_begun` once there was one."""

    def __init__(self) -> None:
        self.has_begun = False
        self._form: tuple[int, str] | None = None
        self._converters: dict[tuple[int, str, str], av.AudioResampler] = {}

    def convert(self, frame: AudioFrame) -> Iterator[AudioFrame]:
        """The frame as it is, or what becomes of it."""
        self.has_begun = True
        form = (frame.sample_rate, frame.layout.name)
        self._form = self._form or form
        if form == self._form:
            yield frame
            return
        key = (*form, frame.format.name)
        if key not in self._converters:
            rate, layout = self._form
            self._converters[key] = av.AudioResampler(frame.format.name, layout, rate)
        frame.pts = None
        yield from self._converters[key].resample(frame)
