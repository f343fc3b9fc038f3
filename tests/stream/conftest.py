"""What the tests of segmentation, channels and pipelines share: the default thresholds."""

from lwd.asr.types import Word
from lwd.stream.asking import ChannelSettings
from lwd.stream.segmenter import SegmenterSettings

FRAME = 512

SEGMENTER = SegmenterSettings(
    endpointing_ms=300,
    silent_window_s=5.0,
    speech_threshold=0.5,
    silence_threshold=0.35,
    min_speech_ms=96,
    min_silence_ms=96,
    frame_samples=FRAME,
)

CHANNEL = ChannelSettings(
    channel=0,
    language="en",
    interim_results=True,
    interim_step_s=0.5,
    chunk_s=5.0,
    pre_roll_ms=300,
    utterance_end_ms=1000,
)


def words(text: str, *, start_s: float = 0.0, each_s: float = 0.5) -> list[Word]:
    """The words of a text, evenly spaced, as Whisper writes them."""
    return [
        Word(f" {part}", start_s + n * each_s, start_s + (n + 1) * each_s, 0.9)
        for n, part in enumerate(text.split())
    ]
