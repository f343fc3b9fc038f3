"""Where a client's terms were said."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lwd.protocol.messages import Hit, SearchResult
from lwd.text.search import search
from tests.text.saying import ANY_TEXT, said


def snippets(text: str, term: str) -> list[str]:
    """What is found of a term, the best first."""
    [result] = search(said(text), [term])
    return [hit.snippet for hit in result.hits]


def test_hits() -> None:
    """A hit says where it is and how alike; terms come in their order, found or not."""
    words = said("Social epistemology, or epidemiology.")

    assert search(words, ["epistemology", "warwick"]) == [
        SearchResult(
            "epistemology",
            [
                Hit(1.0, 0.5, 0.9, "epistemology"),
                Hit(0.75, 1.5, 1.9, "epidemiology"),
            ],
        ),
        SearchResult("warwick", []),
    ]


@pytest.mark.parametrize(
    ("text", "term", "expected"),
    [
        ("my Data Base failed", "database", ["data base"]),
        ("my database failed", "data base", ["database"]),
        ("the Social Epistemology of", "social epistemology", ["social epistemology"]),
        ("Warick is nice", "warwick", ["warick"]),
        ("a café", "Cafe", ["café"]),
        ("refund, refund", "refund", ["refund", "refund"]),
        ("nothing of it", "refund", []),
        ("**** you", "refund", []),
        ("anything", "", []),
        ("anything", "?!", []),
        ("", "refund", []),
    ],
)
def test_found(text: str, term: str, expected: list[str]) -> None:
    """Case, accents, and where the words are cut do not matter."""
    assert snippets(text, term) == expected


@given(ANY_TEXT, st.lists(st.text(), max_size=3))
def test_any_text(text: str, terms: list[str]) -> None:
    """Whatever is sought, hits lie in the words, the best first, none over another."""
    words = said(text)

    results = search(words, terms)

    assert [result.query for result in results] == terms
    for result in results:
        confidences = [hit.confidence for hit in result.hits]
        assert confidences == sorted(confidences, reverse=True)
        assert all(0 < confidence <= 1 for confidence in confidences)
        spans = sorted((hit.start_s, hit.end_s) for hit in result.hits)
        edges = [edge for span in spans for edge in span]
        assert edges == sorted(edges)
