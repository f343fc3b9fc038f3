"""The shape of a Whisper model, as its config.json states it.

Owns the keys of config.json in the form of lightning-whisper-mlx and mlx-examples. Knows nothing
of weights or files.
"""

import json
from dataclasses import asdict, dataclass, fields
from typing import Any

_MULTILINGUAL_VOCABULARY = 51865


@dataclass(frozen=True, slots=True)
class Dimensions:
    """Sizes of the encoder (audio) and the decoder (text)."""

    n_mels: int
    n_audio_ctx: int
    n_audio_state: int
    n_audio_head: int
    n_audio_layer: int
    n_vocab: int
    n_text_ctx: int
    n_text_state: int
    n_text_head: int
    n_text_layer: int

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if type(value) is not int or value < 1:
                raise ValueError(f"{name} is {value!r}, not a positive integer")

    @property
    def multilingual(self) -> bool:
        """Whether the vocabulary has a token for each language, and not English alone."""
        return self.n_vocab >= _MULTILINGUAL_VOCABULARY

    def to_json(self) -> str:
        """The text of a config.json."""
        return json.dumps(asdict(self), indent=2) + "\n"

    @classmethod
    def from_json(cls, text: bytes) -> "Dimensions":
        """Read a config.json, of which other keys are ignored; raises ValueError for a bad one."""
        config = json.loads(text)
        if not isinstance(config, dict):
            raise ValueError("it holds no object")  # noqa: TRY004 - a fault of the text
        sizes: dict[str, Any] = {field.name: config.get(field.name) for field in fields(cls)}
        return cls(**sizes)
