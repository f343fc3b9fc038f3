"""Signs that an English dictation names become signs: `dictation`. Pure.

Owns which words name one, and what it does to the words beside it.
"""

from collections.abc import Iterator, Sequence

from lwd.text.rules import bare_at, vocabulary
from lwd.text.written import Written, is_phrase, merge, split_marks

# As Deepgram writes them: line feeds between angle brackets.
_BREAKS = {"new line": "<\n>", "newline": "<\n>", "new paragraph": "<\n\n>"}
_SENTENCE_ENDS = {
    "period": ".",
    "full stop": ".",
    "question mark": "?",
    "exclamation mark": "!",
    "exclamation point": "!",
}
_PAUSES = {"comma": ",", "colon": ":", "semicolon": ";", "semi colon": ";", "dash": "—"}
_CLOSING = {"close parenthesis": ")", "close quote": "”"}
_OPENING = {"open parenthesis": "(", "open quote": "“"}
_JOINING = {"hyphen": "-"}
_SIGNS = _BREAKS | _SENTENCE_ENDS | _PAUSES | _CLOSING | _OPENING | _JOINING

# What Whisper guesses where a sign is named; the speaker knows better.
_GUESSES = ".,:;?!…—-"

# "A period of time" names no sign.
_DETERMINERS = vocabulary(
    "a an the this that these those each every per another any no some my your his her its"
)


def dictate(words: Sequence[Written]) -> list[Written]:
    """The words with the signs that they name.

    A sign goes to the word before it, or the one after if it opens; line breaks, and signs that
    have no such word, stand alone. The word after a sentence's end begins with a capital.
    """
    written: list[Written] = []
    is_open = begins_sentence = False
    for said, name in _named(words):
        text = _capitalised(said[0].text) if begins_sentence and not name else said[0].text
        if not name and is_open:
            written[-1] = merge([written[-1], *said], written[-1].text + text)
        elif not name:
            written.append(merge(said, text))
        elif name in _BREAKS or name in _OPENING or not _takes_signs(written):
            written.append(merge(said, _SIGNS[name]))
        else:
            before = _without_guesses(written[-1].text, name)
            written[-1] = merge([written[-1], *said], before + _SIGNS[name])
        is_open = name in _OPENING or name in _JOINING
        begins_sentence = name in _SENTENCE_ENDS or (begins_sentence and bool(name))
    return written


def _named(words: Sequence[Written]) -> Iterator[tuple[Sequence[Written], str]]:
    # Word by word, with an empty name, or all words of a sign with its name.
    at = 0
    while at < len(words):
        name = _name_at(words, at)
        end = at + max(1, len(name.split()))
        yield words[at:end], name
        at = end


def _name_at(words: Sequence[Written], at: int) -> str:
    for size in (2, 1):
        said = words[at : at + size]
        name = " ".join(word.bare for word in said)
        before = bare_at(words, at - 1).rpartition("-")[2]
        after = bare_at(words, at + size).partition("-")[0]
        is_thing = before in _DETERMINERS or after == "of"
        if name in _SIGNS and not is_thing and is_phrase(said):
            return name
    return ""


def _takes_signs(written: Sequence[Written]) -> bool:
    return bool(written) and written[-1].text not in _BREAKS.values()


def _without_guesses(text: str, name: str) -> str:
    return text.rstrip("," if name in _CLOSING else _GUESSES)


def _capitalised(text: str) -> str:
    before, core, after = split_marks(text)
    return before + core[:1].upper() + core[1:] + after
