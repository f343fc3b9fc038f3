"""What the tests of segmentation and of the pipeline share: the default thresholds."""

from lwd.stream.segmenter import SegmenterSettings

FRAME = 512

SEGMENTER = SegmenterSettings(
    endpointing_ms=300,
    chunk_s=5.0,
    speech_threshold=0.5,
    silence_threshold=0.35,
    min_speech_ms=96,
    hangover_ms=100,
    pre_roll_ms=300,
    frame_samples=FRAME,
)
