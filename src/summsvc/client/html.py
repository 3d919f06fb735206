"""Results as HTML, as notebooks show them. Every text is escaped; nothing is loaded or executed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from summsvc.client.types import (
        Language,
        ModelUse,
        Summary,
        TranslatedSegment,
        Translation,
        Warning,
    )

_CELL = "text-align:left;vertical-align:top;white-space:pre-wrap"
_NOTE = "opacity:0.7;font-size:90%"
_MARKED = "background:rgba(255,191,0,0.25)"
"""Translucent, for light and dark themes."""


def summary(value: Summary) -> str:
    """The sentences with their scores and places, and the warnings."""
    rows = [
        (
            _text(sentence.text, value.target_language),
            "" if sentence.span is None else f"{sentence.span.start} to {sentence.span.end}",
            f"{sentence.score:.2f}" if sentence.span is not None else "",
            bool(sentence.warnings),
        )
        for sentence in value.sentences
    ]
    return _block(
        _table(("Summary", "Place in the article", "Score"), rows),
        _facts(value.language, value.target_language, value.models),
        _warnings(value.warnings),
    )


def translation(value: Translation) -> str:
    """Each segment beside its translation, or the text if the reply has no segments."""
    if value.segments:
        source, target = value.language.code, value.target_language
        rows = [_segment(each, source, target) for each in value.segments]
        content = _table((source, target, "Score"), rows)
    else:
        title = f"<strong>{_text(value.title, value.target_language)}</strong>"
        body = _text(value.body, value.target_language)
        content = f"{title if value.title else ''}<div style='{_CELL}'>{body}</div>"
    return _block(
        content,
        _facts(value.language, value.target_language, value.models),
        _warnings(value.warnings),
    )


def _segment(each: TranslatedSegment, source: str, target: str) -> tuple[str, str, str, bool]:
    names = [warning.type.name if warning.type else "WARNING" for warning in each.warnings]
    notes = "".join(f"<div style='{_NOTE}'>{escape(name)}</div>" for name in names)
    return (
        _text(each.source_text, source),
        _text(each.text, target) + notes,
        f"{each.score:.2f}",
        bool(each.warnings),
    )


def batch(results: Sequence[object]) -> str:
    """A row per result: its first words and its warnings, or the error."""
    rows = []
    for number, result in enumerate(results):
        failed = isinstance(result, Exception)
        count = len(getattr(result, "warnings", ()))
        text = escape(_beginning(_result_text(result)))
        rows.append((str(number), text, f"{count:,}" if count else "", failed))
    return _block(_table(("", "Result", "Warnings"), rows))


MAX_BEGINNING = 200
"""Code points of each result in the table of a batch."""


def _result_text(result: object) -> str:
    """The text of a summary, translation, error or any other value."""
    parts = [getattr(result, name, "") for name in ("text", "title", "body")]
    return "\n".join(filter(None, parts)) or str(result)


def _beginning(text: str) -> str:
    return text if len(text) <= MAX_BEGINNING else f"{text[: MAX_BEGINNING - 1]}…"


def _text(text: str, language: str) -> str:
    """A text with its language, for fonts, hyphenation and screen readers."""
    return f"<span lang='{escape(language)}' dir='auto'>{escape(text)}</span>"


def _facts(language: Language, target: str, models: Iterable[ModelUse]) -> str:
    origin = f"confidence {language.confidence:.2f}" if language.identified else "as given"
    into = f" to {target}" if target != language.code else ""
    names = ", ".join(dict.fromkeys(use.model for use in models))
    line = f"Language {language.code} ({origin}){into}{', by ' if names else ''}{names}"
    return f"<div style='{_NOTE}'>{escape(line)}</div>"


def _warnings(warnings: Sequence[Warning]) -> str:
    if not warnings:
        return ""
    lines = "".join(
        f"<li><code>{escape(each.type.name if each.type else 'WARNING')}</code> "
        f"{escape(each.message)}</li>"
        for each in warnings
    )
    count = "1 warning" if len(warnings) == 1 else f"{len(warnings):,} warnings"
    return f"<details><summary>{count}</summary><ul>{lines}</ul></details>"


def _table(headings: Iterable[str], rows: Iterable[tuple[str, str, str, bool]]) -> str:
    """A table of HTML cells; the last value of a row says whether it is marked."""
    head = "".join(f"<th scope='col' style='{_CELL}'>{escape(each)}</th>" for each in headings)
    body = "".join(
        f"<tr style='{_MARKED if marked else ''}'>"
        + "".join(f"<td style='{_CELL}'>{cell}</td>" for cell in cells)
        + "</tr>"
        for *cells, marked in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _block(*parts: str) -> str:
    return f"<div class='summsvc'>{''.join(parts)}</div>"
