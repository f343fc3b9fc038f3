"""WhisperLiveKit: its server under either policy, and how it is called.

It is called by Deepgram's protocol: its own gives the times of lines, but neither those of words nor
where speech ends.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from environment import Environment
from scoring import equal_pairs, spelling
from streaming.client import Recording, Result, Word
from streaming.deepgram import Deepgram

ENVIRONMENT = Environment(
    "whisperlivekit",
    requirements=("whisperlivekit==0.2.26", "faster-whisper==1.2.1", "torch==2.13.0"),
)

_UNTIMED_WORD_S = 0.3
_COMMON = ("--language", "en", "--warmup-file", "", "--log-level", "WARNING")


def command(python: Path, port: int, model: str, policy: Sequence[str]) -> list[str]:
    """How the server is started. Without a warm-up file: it would be downloaded."""
    server = python.with_name("whisperlivekit-server")
    address = ("--host", "127.0.0.1", "--port", str(port))
    return [str(server), *address, "--model", model, *_COMMON, *policy]


def local_agreement(model: Path) -> Sequence[str]:
    """Options of the policy that shows what two passes agree on."""
    return (
        *("--backend-policy", "localagreement"),
        *("--backend", "faster-whisper", "--model_dir", str(model)),
    )


def align_att(encoder: Path, checkpoint: Path) -> Sequence[str]:
    """Options of the policy that stops where attention nears the end; the encoder is CTranslate2's."""
    return (
        *("--backend-policy", "simulstreaming", "--backend", "faster-whisper"),
        *("--encoder-model-path", str(encoder), "--decoder-model-path", str(checkpoint)),
    )


@dataclass(frozen=True, slots=True)
class WhisperLiveKit:
    """A server at `url`, called with Deepgram's parameters."""

    url: str
    parameters: Mapping[str, str]

    async def stream(self, pcm: bytes, pace: float) -> Recording:
        """Send a call and wait for the last message; what goes wrong is in the recording."""
        return await self._deepgram.stream(pcm, pace)

    def results(self, recording: Recording) -> Sequence[Result]:
        """The messages of type Results, the words of all interims with times."""
        return list(_timed(self._deepgram.results(recording)))

    @property
    def _deepgram(self) -> Deepgram:
        return Deepgram(self.url, self.parameters)


def _timed(results: Sequence[Result]) -> Iterator[Result]:
    """Give the open words of interims the times that they have once they are final.

    Its interims have them in the transcript, but not among the words.
    """
    finals = [word for result in results if result.is_final for word in result.words]
    closed = 0
    for result in results:
        if result.is_final:
            closed += len(result.words)
            yield result
            continue
        texts = result.text.split()[len(result.words) :]
        at = closed + len(result.words)
        since_s = result.words[-1].end_s if result.words else result.start_s
        words = result.words + tuple(_open_words(texts, finals[at : at + 2 * len(texts)], since_s))
        yield replace(result, words=words, end_s=words[-1].end_s) if texts else result


def _open_words(texts: Sequence[str], later: Sequence[Word], since_s: float) -> Iterator[Word]:
    """Words as they are timed `later`; one that is not there follows the one before it."""
    found = dict(
        equal_pairs([spelling(text) for text in texts], [spelling(word.text) for word in later])
    )
    for n, text in enumerate(texts):
        known = later[found[n]] if n in found else Word("", since_s, since_s + _UNTIMED_WORD_S)
        yield Word(text, known.start_s, known.end_s)
        since_s = known.end_s
