"""Addresses that are spelled out: john.smith@gmail.com, example.com/help. Pure.

Owns what of a sentence belongs to one. "At" and "dot" are words too: an address ends in a domain
that exists, and what stands before "at" is one only where something says so.
"""

import re
from collections.abc import Iterator, Sequence

from lwd.text.rules import Match, bare_at, vocabulary
from lwd.text.written import Written, is_phrase, write_as

_DOMAINS = vocabulary(
    """
    com org net edu gov mil info biz io ai app dev co tv eu uk ie de fr es nl ch se dk pl br mx ca
    au nz jp cn
    """
)
_MAILERS = vocabulary(
    """
    gmail googlemail yahoo hotmail outlook icloud aol proton protonmail live msn gmx mail fastmail
    """
)
_MAIL = frozenset({"mail", "email", "e-mail", "emails", "address"})
_MAIL_WORDS = 6
_LEAST_WORDS = 2

_JOINTS = {"dot": ".", "dash": "-", "hyphen": "-", "underscore": "_", "plus": "+"}
_LABEL = re.compile(r"[a-z0-9]([a-z0-9.+_-]*[a-z0-9])?")
_SPELLED = re.compile(r"[a-z0-9](-[a-z0-9])+")
_DOMAIN = re.compile(rf"\.({'|'.join(_DOMAINS)})$")
_CHARACTERS = re.compile(r"[a-z]|[0-9]+")

# Never part of a name, and no name to begin one: "the dot com bubble", "look at example dot com".
_PARTICLES = frozenset({"at", "slash", *_JOINTS})
_NO_NAMES = (
    vocabulary(
        """
    a an the this that these those my your his her its our their of in on at to for from with by
    and or but is are was were be been it you we they he she i me him them us look looking looks
    not no so as if
    """
    )
    | _MAIL
    | _PARTICLES
)


def email(words: Sequence[Written], at: int) -> Match | None:
    """A rule: john dot smith at gmail dot com is john.smith@gmail.com."""
    local, place = _name(words, at)
    host, end = _host(words, place + 1)
    taken = words[at:end]
    if not local or not host or bare_at(words, place) != "at" or not is_phrase(taken):
        return None
    if local == words[at].bare and not _is_meant(words, at, host):
        return None
    return Match(end - at, (write_as(taken, f"{local}@{host}"),))


def web_address(words: Sequence[Written], at: int) -> Match | None:
    """A rule: w w w dot example dot com slash help is www.example.com/help."""
    text, end = _host(words, at)
    while text and bare_at(words, end) == "slash":
        part, after = _name(words, end + 1)
        if not part:
            break
        text, end = f"{text}/{part}", after
    taken = words[at:end]
    if len(taken) < _LEAST_WORDS or not is_phrase(taken):
        return None
    return Match(len(taken), (write_as(taken, text),))


def _is_meant(words: Sequence[Written], at: int, host: str) -> bool:
    before = [word.bare for word in words[max(0, at - _MAIL_WORDS) : at]]
    if not before:
        return host.partition(".")[0] in _MAILERS
    return before[-1] == "at" or not _MAIL.isdisjoint(before)


def _host(words: Sequence[Written], at: int) -> tuple[str, int]:
    # As much as makes a domain that exists, and the place behind it.
    hosts = [(text, end) for text, end in _names(words, at) if _DOMAIN.search(text)]
    return hosts[-1] if hosts else ("", at)


def _name(words: Sequence[Written], at: int) -> tuple[str, int]:
    # The longest that begins here, empty if none does, and the place behind it.
    return [("", at), *_names(words, at)][-1]


def _names(words: Sequence[Written], at: int) -> Iterator[tuple[str, int]]:
    # "mary dot ann at" begins with mary, then mary.ann.
    name, joint = "", ""
    while bare_at(words, at) not in (_PARTICLES if name else _NO_NAMES):
        label, at = _label(words, at)
        if not label:
            return
        name += joint + label
        yield name, at
        joint = _JOINTS.get(bare_at(words, at), "")
        if not joint:
            return
        at += 1


def _label(words: Sequence[Written], at: int) -> tuple[str, int]:
    # A word, or characters that were spelled one by one, and the place behind.
    first = bare_at(words, at)
    if _SPELLED.fullmatch(first):
        return first.replace("-", ""), at + 1
    if not _LABEL.fullmatch(first):
        return "", at
    end = at + 1
    while _CHARACTERS.fullmatch(bare_at(words, end)):
        end += 1
    # A number after a word is part of the name where the name goes on: "smith 22 at".
    if not _CHARACTERS.fullmatch(first) and bare_at(words, end) not in _PARTICLES:
        end = at + 1
    return "".join(word.bare for word in words[at:end]), end
