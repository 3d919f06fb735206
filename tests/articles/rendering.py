"""Renders a whole article at once, in the same way as a server does segment by segment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest

from summsvc.alignment import Alignment
from summsvc.articles.document import Document
from summsvc.articles.renderer import RenderedSegment, Renderer
from summsvc.interruption import checked
from summsvc.types import Field


@dataclass(frozen=True)
class RenderedArticle:
    """Both fields of the translated article, and its rendered segments in order."""

    title: str
    body: str
    segments: tuple[RenderedSegment, ...]


def render(
    document: Document, translations: Sequence[str], alignments: Sequence[Alignment] = ()
) -> RenderedArticle:
    """Render one translation per segment of the document. alignments: one each, or none at all."""
    renderer = Renderer(document)
    aligned = zip_longest(checked(translations, 1), alignments, fillvalue=())
    rendered = tuple(
        renderer.place(i, "".join(text), tuple(alignment))
        for i, (text, alignment) in enumerate(aligned)
    )
    trailing = renderer.finish()
    parts: dict[Field, list[str]] = {Field.TITLE: [], Field.BODY: []}
    for segment, output in checked(zip(document.segments, rendered, strict=True)):
        parts[segment.field] += [output.separator, output.text]
    return RenderedArticle(
        title="".join([*parts[Field.TITLE], trailing.title]),
        body="".join([*parts[Field.BODY], trailing.body]),
        segments=rendered,
    )
