"""What one stream's channels have to say, in Deepgram's messages, as its client asked for them."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from lwd.protocol.messages import (
    ConfigureFailure,
    ConfigureSuccess,
    ErrorMessage,
    Metadata,
    ModelInfo,
    Results,
    SpeechStarted,
    UtteranceEnd,
)
from lwd.protocol.params import (
    KEYTERM_LIMIT_EXCEEDED,
    MULTI,
    ListenParams,
    exceeds_keyterm_limits,
)
from lwd.stream.events import SpeechBegan, StreamEvent, Transcribed, UtteranceEnded
from lwd.text.formatter import TextFormatter, TextOptions

Message = (
    Results
    | Metadata
    | SpeechStarted
    | UtteranceEnd
    | ConfigureSuccess
    | ConfigureFailure
    | ErrorMessage
)


class Answers:
    """Makes the messages of one stream; a formatter for each channel knows what was said there."""

    def __init__(self, request_id: UUID, model: ModelInfo, params: ListenParams) -> None:
        self._request_id = str(request_id)
        self._model = model
        self._params = params
        self._options = _text_options(params)
        self._numerals = params.numerals
        self._formatters: dict[int, TextFormatter] = {}

    def to(self, event: StreamEvent, n_channels: int) -> Message | None:
        """The message that tells of an event, unless the client did not ask for its kind."""
        channel_index = (event.channel, n_channels)
        match event:
            case Transcribed():
                return self._results(event, channel_index)
            case SpeechBegan(_, at_s) if self._params.vad_events:
                return SpeechStarted(channel_index, at_s)
            case UtteranceEnded(_, last_word_end_s):
                return UtteranceEnd(channel_index, last_word_end_s)
        return None

    def configure(
        self, keyterms: Iterable[str] | None, numerals: bool | None
    ) -> ConfigureSuccess | ConfigureFailure | None:
        """Take a Configure; the answer, where keyterms are to change."""
        if numerals is not None:
            self._numerals = numerals
            for formatter in self._formatters.values():
                formatter.numerals = numerals
        if keyterms is None:
            return None
        terms = tuple(keyterms)
        if exceeds_keyterm_limits(terms):
            return ConfigureFailure(
                self._request_id,
                "CONFIGURE_KEYTERM_LIMIT_EXCEEDED",
                KEYTERM_LIMIT_EXCEEDED,
            )
        return ConfigureSuccess(self._request_id, terms)

    def metadata(
        self, *, sha256: str, created: datetime, duration_s: float, channels: int
    ) -> Metadata:
        """The last message: how much audio the stream took in, of how many channels, since when."""
        return Metadata(
            request_id=self._request_id,
            sha256=sha256,
            created=created,
            duration_s=duration_s,
            channels=channels,
            models=(self._model,) if duration_s else (),
            extra=dict(self._params.extra),
        )

    def _results(self, event: Transcribed, channel_index: tuple[int, int]) -> Results:
        formatter = self._formatters.get(event.channel)
        if formatter is None:
            formatter = TextFormatter(self._options, numerals=self._numerals)
            self._formatters[event.channel] = formatter
        text = formatter.format(event.words, event.language, is_final=event.is_final)
        return Results(
            channel_index=channel_index,
            start_s=event.start_s,
            duration_s=event.duration_s,
            is_final=event.is_final,
            speech_final=event.speech_final,
            words=text.words,
            request_id=self._request_id,
            model=self._model,
            from_finalize=event.from_finalize,
            search=text.search,
            entities=text.entities,
            languages_hinted=self._params.language_hints,
            extra=dict(self._params.extra),
        )


def _text_options(params: ListenParams) -> TextOptions:
    return TextOptions(
        punctuate=params.punctuate,
        smart_format=params.smart_format,
        dictation=params.dictation,
        filler_words=params.filler_words,
        profanity_filter=params.profanity_filter,
        redact=params.redact,
        replace=params.replace,
        search=params.search,
        detect_entities=params.detect_entities,
        tell_language=params.language == MULTI,
    )
