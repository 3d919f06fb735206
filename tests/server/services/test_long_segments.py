"""A sentence far longer than the model's input limit is split, with a warning."""

from __future__ import annotations

import pytest

from summsvc.client import Article, Client
from tests.running import Running


@pytest.mark.parametrize(
    "text",
    ["the president met the mayor " * 1_785, "x" * 50_000],
    ids=["without punctuation", "without spaces"],
)
def test_50_000_code_points_are_translated_in_pieces(
    translating_server: Running, text: str
) -> None:
    with Client(translating_server.address) as client:
        article = Article(title="", body=text, language="en")
        translation = client.translate(article, "ru", timeout=120, include_segments=True)
    (segment,) = translation.segments
    assert segment.source_text == text.strip()
    assert segment.text
    (split,) = [
        each for each in segment.warnings if each.type and each.type.name == "SEGMENT_SPLIT"
    ]
    # The checkpoint reads 128 tokens at a time.
    assert int(split.message.split(" pieces")[0].split()[-1]) > 100
