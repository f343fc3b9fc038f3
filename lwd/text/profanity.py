"""Which words are profane, and how they are masked. Pure.

The list is lwd's own: whole words with their inflections, and only such as mean nothing innocent in
speech. Those that packages carry, made to moderate forums, have beer and anatomy in them.
"""

import re
from collections.abc import Sequence

from lwd.text.written import Written

# By language, stems with their endings: a word is profane if one of them matches all of it.
_STEMS = {
    "en": """
        \\w*fuck\\w*
        (bull|horse|dip|ape|bat|dog)?shit(s|ty|tier|tiest|ting|ted|ters?|heads?|holes?)?
        (bull|horse|dip|ape|bat|dog)?shit(faced|shows?|storms?|loads?|less)
        (dumb|jack|bad|hard|fat|kick|lard|smart)?ass(es)?
        (ass|arse)holes?
        arses?
        bitch(es|ed|ing|y|in)?
        bastards?
        cunt(s|y)?
        cocksuck(ers?|ing|in)
        dickheads?
        puss(y|ies)
        twats?
        wank(s|ed|ers?|ing|y)?
        slut(s|ty)?
        whore(s|houses?)?
        piss(ed|es|er|ing|y)?
        bollocks
        titt(y|ies)
        blowjobs?
        nigg(a|as|er|ers)
        fagg?ot(s|ry)?
        kikes?
    """,
    "de": """
        (be|ver|an|zu)?(ge)?schei(ß|ss)\\w*
        beschissen\\w*
        arsch|arsches|ärsche[nr]?|arschl(o|ö)ch\\w*|arschgeigen?
        verarsch(e|en|st|t|te|ten|ung)
        (ge|ver)?fickt?(e|en|st|er|end|ende)?
        fotzen?
        huren?|hurens(ohn|ohns|öhne|öhnen)
        (ge)?wichs(e|en|t|er|ers|ern)
        schlampen?
        nutten?
        verpiss(e|en|t)?
    """,
    "es": """
        put(a|as|o|os|ada|adas)
        (hijo|hija|hijue|hi)putas?
        mierdas?
        jod(er|erse|erte|ido|ida|idos|idas|iendo|as|an|ete)
        coños?
        cabr(o|ó)n(es|a|as|azo)?
        gilipollas
        pendej(o|a|os|as|ada|adas)
        ching(ar|ado|ada|ados|adas|a|as|an|ue|uen)
        culer(o|a|os|as)
        maric(o|ó)n(es)?
    """,
    "fr": """
        (em)?merd(e|es|er|é|ant|ante|eur|euse|eux|ique|iques)
        putains?
        putes?
        con|cons|conn(e|es|ard|ards|asse|asses)
        encul(é|és|ée|ées|er|eur|eurs)
        salop(e|es|ard|ards)
        chi(er|é|ant|ants|ante|antes|asse|ottes)
        couill(e|es|on|ons)
        niqu(e|er|é|ée|es|ent)
    """,
    "it": """
        cazz(o|i|ata|ate|one|oni)
        merd(a|e|ata|oso|osa)
        stronz(o|a|i|e|ata|ate)
        (vaf)?fanculo
        puttan(a|e|ata|ate)
        coglion(e|i|a|ata|ate)
        minchi(a|ata|ate)
    """,
    "pt": """
        caralhos?
        porr(a|as|ada|adas)
        merdas?
        fod(a|as|am|er|eu|ido|ida|idos|idas|asse)
        put(a|as|aria|arias)
        b(u|o)cetas?
    """,
}
_PROFANE = {
    language: re.compile(f"(?:{'|'.join(stems.split())})(?:['’]s?)?")
    for language, stems in _STEMS.items()
}
_PARTS = re.compile(r"[\s-]+")

LANGUAGES = frozenset(_PROFANE)
"""The languages in which profanity is known, as codes."""


def mask_profanity(words: Sequence[Written], language: str) -> list[Written]:
    """The words, the profane ones among them as an asterisk for each character."""
    profane = _PROFANE.get(language)
    if profane is None:
        return list(words)
    return [
        word.instead("*" * len(word.bare))
        if any(profane.fullmatch(part) for part in _PARTS.split(word.bare))
        else word
        for word in words
    ]
