"""Boilerplate: blocks of the text, never all of them, each with a kind."""

from __future__ import annotations

from fuzz.text.inputs import Input
from summsvc.articles import boilerplate
from summsvc.articles.formats import plain
from summsvc.articles.noise import times
from summsvc.articles.noise.kinds import Place, kind_of
from summsvc.articles.removal import removed_spans
from summsvc.languages import registry
from summsvc.types import MimeType


def run(data: bytes) -> None:
    """Find the kind of one line, or the noise of a text."""
    given = Input(data)
    if given.flag(0, 0):
        place = Place(at_edge=given.flag(1), outside=given.flag(2), signed=given.flag(3))
        line = " ".join(given.text.split())[: boilerplate.MAX_NOISE_LENGTH]
        kind = kind_of(line, registry.current(), place)
        assert kind is None or kind
        times.time_of(line, registry.current())
        return
    title, body = given.texts(2)
    blocks = plain.parse(body)
    found = boilerplate.find(blocks, title).noise
    indexes = [each.block for each in found]
    assert indexes == sorted(set(indexes))
    assert all(0 <= index < len(blocks) for index in indexes)
    assert not blocks or len(indexes) < len(blocks)
    at = 0
    for span in removed_spans(body, MimeType.PLAIN, blocks, indexes):
        assert at <= span.start < span.end <= len(body)
        at = span.end
