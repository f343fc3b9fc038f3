"""One run of the benchmark: what is measured with, and what has been heard already."""

from collections.abc import Callable, Iterable, Iterator, Sequence, Sized
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import TypeVar

from rich.console import Console
from rich.progress import Progress

import rival_models
from corpus import Clip
from lwd.asr.types import Hypothesis
from lwd.models.store import ModelFiles, ModelStore
from lwd_engine import LwdEngine, Window
from remote import Remote

T = TypeVar("T")

Contest = dict[str, Callable[[], float]]
"""Contestants by name; each does its work once and returns the seconds it took."""


@dataclass(frozen=True, slots=True)
class Session:
    """Where models and clips are, and how much of them to use. `console` shows progress."""

    store: ModelStore
    clips: Sequence[Clip]
    scratch: Path
    threads: int
    rounds: int
    n_clips: int | None
    n_windows: int
    console: Console
    heard: dict[tuple[str, str], Hypothesis] = field(default_factory=dict)

    def files(self, model: str) -> ModelFiles:
        """An installed model."""
        return self.store.verify(model)

    def lwd(self, model: str) -> LwdEngine:
        """The engine of lwd with a model."""
        return LwdEngine(self.files(model))

    def faster_whisper(self, model: str, compute_type: str) -> Remote:
        """faster-whisper with a model, `int8` or `float32`."""
        directory = rival_models.for_faster_whisper(model, self.scratch)
        arguments = (str(directory), compute_type, self.threads)
        return Remote("faster_whisper_rival", *arguments, blas=False)

    def lightning(self, model: str, *, half: bool) -> Remote:
        """lightning-whisper-mlx with a model, on lwd's BLAS."""
        directory = rival_models.for_lightning(self.files(model), self.scratch, half=half)
        return Remote("lightning_rival", str(directory), half, blas=True)

    def matmul(self, model: str) -> Remote:
        """Bare MLX with a model's encoder."""
        files = self.files(model)
        return Remote("matmul", str(files.weights), files.alignment_heads, blas=True)

    def hear(self, model: str, engine: LwdEngine, clip: Clip) -> Hypothesis:
        """What lwd makes of a clip as one final; heard once, however many sections ask."""
        key = model, clip.clip_id
        if key not in self.heard:
            (self.heard[key],) = engine.transcribe(Window(clip.samples())).hypotheses
        return self.heard[key]

    def track(
        self,
        items: Iterable[T],
        title: str,
        total: int | None = None,
        step: Callable[[T], int] = lambda _: 1,
    ) -> Iterator[T]:
        """The items, while the console shows how far one is; each counts for its `step`."""
        n_items = len(items) if isinstance(items, Sized) else total or 0
        done = 0
        is_live = self.console.is_terminal
        with Progress(console=self.console, transient=True, disable=not is_live) as progress:
            task = progress.add_task(title, total=n_items)
            for item in items:
                yield item
                before, done = done, done + step(item)
                progress.update(task, completed=done)
                if not is_live and 10 * done // n_items > 10 * before // n_items:
                    self.console.print(f"  {title}: {done} of {n_items}")

    def alternate(self, contest: Contest, title: str) -> dict[str, list[float]]:
        """Seconds of each contestant, in rounds that each takes part in, so that noise hits all."""
        turns = [contestant for _ in range(self.rounds + 1) for contestant in contest.values()]
        seconds = [turn() for turn in self.track(turns, title)]
        n = len(contest)
        # The first round only fills caches.
        return {name: seconds[n + i :: n] for i, name in enumerate(contest)}


def speedup(slower_s: Sequence[float], faster_s: Sequence[float]) -> float:
    """Median over the rounds of how many times longer the one took."""
    return median(slow / fast for slow, fast in zip(slower_s, faster_s, strict=True))


def medians(seconds: dict[str, list[float]]) -> dict[str, object]:
    """Median, least and most of each contestant, in seconds."""
    return {
        name: {"median_s": median(taken), "min_s": min(taken), "max_s": max(taken)}
        for name, taken in seconds.items()
    }
