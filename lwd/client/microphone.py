"""The microphone, by sounddevice: an optional part of lwd, looked for only when somebody records."""

from collections.abc import Iterator
from queue import SimpleQueue
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lwd.errors import InputUnreadable, NotInstalled

_BLOCK_S = 0.05


def record(sample_rate: int) -> Iterator[NDArray[np.int16]]:
    """Yield what the default microphone hears, mono blocks (n,), until nobody asks for more.

    Raises NotInstalled where sounddevice or PortAudio is missing, InputUnreadable where there is no
    microphone or it may not be used; both before the first block.
    """
    sounddevice = _sounddevice()
    blocks: SimpleQueue[bytes] = SimpleQueue()
    try:
        with sounddevice.RawInputStream(
            samplerate=sample_rate,
            blocksize=round(_BLOCK_S * sample_rate),
            channels=1,
            dtype="int16",
            callback=lambda data, *_: blocks.put(bytes(data)),
        ):
            while True:
                yield np.frombuffer(blocks.get(), np.int16)
    except sounddevice.PortAudioError as error:
        raise InputUnreadable(
            f"the microphone cannot be used: {error}; see that there is one, and that the terminal"
            " may use it (macOS: Privacy & Security, Microphone)"
        ) from error


def _sounddevice() -> Any:
    try:
        import sounddevice  # noqa: PLC0415 - it is optional
    except ImportError as error:
        raise NotInstalled("--mic needs sounddevice; in lwd's checkout run: make mic") from error
    except OSError as error:
        raise NotInstalled(
            "--mic needs PortAudio; on Debian run: apt-get install libportaudio2"
        ) from error
    return sounddevice
