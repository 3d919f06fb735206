"""Registry of all functions on text whose cost and checkpoints the growth test measures.

To add a function, add an entry to ``FUNCTIONS`` with the greatest length that the service
passes to it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from summsvc.alignment import AlignedSpan, Alignment, composed, edited, targets_of
from summsvc.articles import boilerplate, encoding, language, sentences
from summsvc.articles.document import Document, IdentifiedLanguage, InlineMark, Segment
from summsvc.articles.enclosures import enclosures
from summsvc.articles.formats import html, html_tokens, markdown, plain
from summsvc.articles.formats.escape import escape
from summsvc.articles.formats.preformatted import is_prose
from summsvc.articles.language_parts import find as find_parts
from summsvc.articles.length import Length, count_words
from summsvc.articles.notes import ends_sentence, reference_start
from summsvc.articles.occurrences import Occurrences
from summsvc.articles.reader import read
from summsvc.articles.removal import removed_spans
from summsvc.articles.renderer import Renderer
from summsvc.articles.repair import repair
from summsvc.articles.running_text import doubt
from summsvc.errors import SummsvcError
from summsvc.languages.stemming import stems
from summsvc.tasks.pipeline import splitting
from summsvc.tasks.pipeline.preflight import least_tokens
from summsvc.tasks.pipeline.stage import PipelineOutput
from summsvc.tasks.quality import numerals
from summsvc.tasks.quality.checks import assess, lost_brackets
from summsvc.tasks.quality.length_ratio import unusual
from summsvc.tasks.quality.numbers import lost_figures
from summsvc.tasks.quality.repetition import find_repetition
from summsvc.tasks.quality.target_language import copied, wrong_language, wrong_script
from summsvc.tasks.summarization import extractive
from summsvc.tasks.summarization.faithfulness import Support
from summsvc.tasks.summarization.length_budget import LengthBudget
from summsvc.tasks.summarization.lexrank import Candidate, rank
from summsvc.tasks.summarization.names import names
from summsvc.tasks.summarization.postprocess import postprocess
from summsvc.tasks.summarization.references import points_back
from summsvc.tasks.summarization.selection import select
from summsvc.tasks.translation.assembly import Assembly
from summsvc.tasks.translation.checking import CheckedOutput
from summsvc.tasks.translation.glossary import Found, Terms, around, translatable
from summsvc.tasks.translation.letter_case import (
    LetterCase,
    UsualForms,
    case_of,
    in_case,
    is_copied,
    sentence_case,
)
from summsvc.tasks.translation.term_enforcement import _changed, _changes
from summsvc.tasks.translation.term_uses import places, uses
from summsvc.types import Article, Field, MimeType, SegmentKind, Span
from tests.articles.rendering import render

Job = Callable[[], object]

SEGMENT = 60_000
"""Code points of the longest segment."""

ARTICLE = 1_000_000
"""Code points of the longest article."""

PAGE = 8 * 1024 * 1024
"""Code points of the longest source of a page."""

GLOSSARY = 8
SHORT_TERM = 20


@dataclass(frozen=True)
class Function:
    """A function to measure.

    prepare: returns the work on a text, without cost that belongs to other functions;
    raises SummsvcError for a text that the service rejects. max_length: code points of the
    longest text that the service passes to the function.
    """

    prepare: Callable[[str], Job]
    max_length: int = SEGMENT


def _filler(text: str) -> str:
    return ("слово " * (len(text) // 6 + 1))[: len(text)]


def _segment(text: str) -> Segment:
    return Segment(text, Span(0, len(text)), Field.BODY, SegmentKind.SENTENCE, 0)


def _glossary(text: str) -> Terms:
    """Terms of the text, some of them overlapping."""
    pieces = [text[at : at + 40] for at in range(0, min(len(text), 20 * GLOSSARY), 20)]
    entries = [(piece, f"žodis {i}") for i, piece in enumerate(pieces) if piece.strip()]
    return Terms.of(pieces[::2] and [each for each in pieces[::2] if each.strip()], entries, "en")


def _kept(text: str) -> list[str]:
    return [each.target for each in Terms.of((), (), "en").find(text) if each.kept]


def _terms(text: str) -> Job:
    glossary = _glossary(text)
    return lambda: glossary.find(text)


def _uses(text: str) -> Job:
    found = _glossary(text).find(text)
    return lambda: uses(found, text, "lt")


def _many_places(text: str) -> Job:
    # The terms of a request have a bounded length; short terms reach the bound in short texts.
    short = {word for word in text.split() if len(word) <= SHORT_TERM}
    words = [(word, kept) for word in short for kept in (True, False)]
    return lambda: places(words, text, "en")


def _sentence_case(text: str) -> Job:
    spans = Terms.of((), (), "en").spans(text)
    kept = {text[start:end] for start, end in spans}

    def work() -> object:
        usual = UsualForms([text])
        for case in (LetterCase.CAPITALS, LetterCase.TITLE):
            changed = sentence_case(text, case, "en", usual, spans)
            in_case(changed, case, "ru", kept)
        return changed

    return work


def _around(text: str) -> Job:
    found = [
        Found(at, at + 5, text[at : at + 5], "a", kept=at % 2 == 0)
        for at in range(0, len(text) - 5, 15)
    ]
    return lambda: (around(text, found), translatable(text, found))


def _inserted(text: str) -> Job:
    lost = Terms.of((), (), "en").find(text)
    forms = sorted({(each.source, each.target) for each in lost})
    said = [form[:SHORT_TERM] for form, _ in forms]
    return lambda: _changed(text, _changes(text, text, forms, said, lost, "ru"))


def _assessed(text: str) -> Job:
    kept = _kept(text)
    other = f"{text}!"
    return lambda: assess(text, other, source_language="en", target="ru", complete=True, kept=kept)


def _split(text: str) -> Job:
    def tokens(parts: object) -> list[int]:
        assert isinstance(parts, list | tuple)
        return [len(part) // 3 + 1 for part in parts]

    pieces = splitting.split(text, tokens, 128)
    return lambda: splitting.join(splitting.split(text, tokens, 128), pieces)


def _document(text: str, mime_type: MimeType = MimeType.PLAIN) -> Document:
    return read(Article("The mayor met the bishop in Riga", text, "en", mime_type))


def _read(mime_type: MimeType) -> Function:
    return Function(lambda text: lambda: _document(text, mime_type), ARTICLE)


def _of_document(
    work: Callable[[Document], object], mime_type: MimeType = MimeType.PLAIN
) -> Function:
    def prepare(text: str) -> Job:
        document = _document(text, mime_type)
        return lambda: work(document)

    return Function(prepare, ARTICLE)


def _noise(mime_type: MimeType) -> Function:
    reader = {
        MimeType.PLAIN: plain.parse,
        MimeType.HTML: html.parse,
        MimeType.MARKDOWN: markdown.parse,
    }[mime_type]

    def prepare(text: str) -> Job:
        blocks = reader(text)
        every = range(0, len(blocks), 2)

        def work() -> object:
            boilerplate.find(blocks, "The mayor met the bishop")
            return removed_spans(text, mime_type, blocks, every)

        return work

    return Function(prepare, ARTICLE)


def _noise_in_short_blocks(text: str) -> Job:
    """Longer blocks are never noise, so most shapes would not reach the rules as they are."""
    size = boilerplate.MAX_NOISE_LENGTH
    blocks = plain.parse("\n\n".join(text[at : at + size] for at in range(0, len(text), size)))
    return lambda: boilerplate.find(blocks, "")


def _rendered(document: Document) -> object:
    return render(document, [f"{segment.text} dar" for segment in document.segments])


def _put_in_place(document: Document) -> object:
    outputs = [CheckedOutput(each.text.upper()) for each in document.segments]
    segments = document.segments
    return Assembly(Renderer(document), segments, range(len(segments))).place(outputs)


def _with_marks(text: str) -> Job:
    """Rendering of a segment with inline markup before every tenth code point."""
    marks = tuple(InlineMark(at, "*") for at in range(1, len(text), 10))
    segment = Segment(text, Span(0, len(text)), Field.BODY, SegmentKind.SENTENCE, 0, marks)
    article = Article("", text, "en", MimeType.MARKDOWN)
    document = Document(
        article, IdentifiedLanguage("en", 1.0, False), (), (segment,), ("",), ("", "")
    )
    return lambda: render(document, [text[::-1]])


def _aligned(text: str) -> Alignment:
    """An alignment of a text with itself backwards, span by span of four code points."""
    length = len(text)
    spans = [(at, min(at + 4, length)) for at in range(0, length, 4)]
    return tuple(
        AlignedSpan(start, end, length - end, length - start) for start, end in reversed(spans)
    )


def _with_aligned_marks(text: str) -> Job:
    """Rendering of a segment with tags and kept parts by an alignment."""
    marks: list[InlineMark] = []
    for number, at in enumerate(range(1, len(text) - 9, 10)):
        marks += [InlineMark(at, "<b>"), InlineMark(at + 3, "<code>x</code>", 2, kept=True)]
        marks += [InlineMark(at + 8, "</b>")] if number % 2 else []
    segment = Segment(text, Span(0, len(text)), Field.BODY, SegmentKind.SENTENCE, 0, tuple(marks))
    document = Document(
        Article("", text, "en", MimeType.HTML),
        IdentifiedLanguage("en", 1.0, False),
        (),
        (segment,),
        ("",),
        ("", ""),
    )
    alignment = _aligned(text)
    return lambda: render(document, [text[::-1]], [alignment])


def _alignments(text: str) -> Job:
    alignment = _aligned(text)
    changes = [(at, at + 2, "word") for at in range(0, len(text) - 2, 7)]
    ranges = [(start, end) for start, end, _ in changes]

    def work() -> object:
        composed(alignment, alignment)
        targets_of(ranges, alignment)
        return edited(alignment, changes)

    return work


def _kept_terms(text: str) -> Job:
    kept = [(at, at + 5) for at in range(0, len(text) - 5, 15)]
    return lambda: Terms.of((), (), "en").find(text, kept)


def _ranked(text: str) -> Job:
    parts = [text[begin:end] for begin, end in sentences.split(text, "en")]
    # Every other one waits for the one before it.
    candidates = [Candidate(part, points_back=i % 2 == 1) for i, part in enumerate(parts)]

    def work() -> object:
        ranking = rank(candidates, title=text[:2000], language="en")
        return select(candidates, ranking, Length(ratio=0.5))

    return work


def _claims(text: str) -> Job:
    support = Support(["The mayor met NATO in 2014."], "en")
    return lambda: support.unsupported(text)


def _budgeted(text: str) -> Job:
    texts = [text[begin:end] for begin, end in sentences.split(text, "en")] or [text]
    half = len(texts) // 2
    groups = [texts[:half], *([each] for each in texts[half:])]
    return lambda: LengthBudget.of(Length(max_words=100), texts).select(groups)


def _misread(text: str) -> Job:
    misread = text.encode("utf-8", "ignore").decode("latin-1")
    return lambda: repair(Article("", f"Ð£Ñ\x80Ð°{misread}"))


def _identified(text: str) -> Job:
    def work() -> object:
        try:
            return language.identify(text)
        except SummsvcError:
            return None

    return work


def of(work: Callable[[str], object], max_length: int = SEGMENT) -> Function:
    """A function whose only argument is the text."""
    return Function(lambda text: lambda: work(text), max_length)


def _consumed(levels: Iterator[object]) -> list[object]:
    return list(levels)


FUNCTIONS: dict[str, Function] = {
    "lost numbers, none in the output": of(lambda text: lost_figures(text, "слово", target="ru")),
    "lost numbers, words in the output": of(
        lambda text: lost_figures(text, _filler(text), target="lt")
    ),
    "lost numbers, all in the output": of(
        lambda text: lost_figures(text, f"{text} 7", target="ru")
    ),
    "lost numbers, more in the output": of(lambda text: lost_figures("7 XX", text, target="ru")),
    "numbers": of(lambda text: numerals.numbers(text, "en")),
    "repetition": of(lambda text: find_repetition("", text)),
    "repetition of the source": of(lambda text: find_repetition(text, text)),
    "length ratio": of(lambda text: unusual(text, "a", source_language="en", target="ru")),
    "copied": of(lambda text: copied(text, f"{text}x")),
    "script": of(lambda text: wrong_script(text, text, "ru")),
    "script of another text": of(lambda text: wrong_script("", text, "ru")),
    "language of an output": of(lambda text: wrong_language(text, "ru", "en")),
    "brackets": of(lambda text: lost_brackets(text, "a")),
    "brackets of the output": of(lambda text: lost_brackets("(ab)", text)),
    "all checks": Function(_assessed),
    "terms": Function(_terms),
    "uses of terms": Function(_uses),
    "places of many terms": Function(_many_places),
    "text around terms": Function(_around),
    "terms inserted": Function(_inserted),
    "occurrences": of(lambda text: Occurrences(text.split()).removed(text)),
    "letter case": of(lambda text: (case_of(text), is_copied(text, text.upper()))),
    "sentence case": Function(_sentence_case),
    "split": Function(_split),
    "clauses": of(splitting.split_clauses),
    "boundaries": of(lambda text: _consumed(iter(splitting.split_points(text)))),
    "sentences": of(lambda text: list(sentences.split(text, "en")), ARTICLE),
    "sentences in Russian": of(lambda text: list(sentences.split(text, "ru")), ARTICLE),
    "sentences in Lithuanian": of(lambda text: list(sentences.split(text, "lt")), ARTICLE),
    "quotations and brackets": of(lambda text: list(enclosures(text)), ARTICLE),
    "end of a sentence": of(
        lambda text: (ends_sentence(text), reference_start(text, is_followed=True))
    ),
    "reading plain text": _read(MimeType.PLAIN),
    "reading HTML": _read(MimeType.HTML),
    "length of HTML that counts": of(html_tokens.counted_length, PAGE),
    "reading Markdown": _read(MimeType.MARKDOWN),
    "reading a page": Function(
        lambda text: lambda: _document(f"<body>{text}", MimeType.HTML), ARTICLE - 6
    ),
    "noise in plain text": _noise(MimeType.PLAIN),
    "noise in short blocks": Function(_noise_in_short_blocks, ARTICLE),
    "noise in HTML": _noise(MimeType.HTML),
    "noise in Markdown": _noise(MimeType.MARKDOWN),
    "escape for HTML": of(lambda text: escape(text, MimeType.HTML)),
    "escape for Markdown": of(
        lambda text: escape(text, MimeType.MARKDOWN, at_line_start=True, before_markup=True)
    ),
    "encoding": of(
        lambda text: (encoding.misread_as(text), encoding.first_escaped(text, MimeType.PLAIN))
    ),
    "repair of plain text": of(lambda text: repair(Article(text, text)), ARTICLE),
    "repair of HTML": of(lambda text: repair(Article("", text, "", MimeType.HTML)), ARTICLE),
    "repair of misread text": Function(_misread, ARTICLE // 4),
    "repair of another code page": of(
        lambda text: repair(Article("", f"Ìýð îòêðûë íîâûé ìîñò {text}")), ARTICLE
    ),
    "running text": of(lambda text: (doubt(text, "en"), doubt(text, "sl"))),
    "parts in other languages": _of_document(lambda document: find_parts(document.segments, "en")),
    "language": Function(_identified, ARTICLE),
    "rendering plain text": _of_document(_rendered),
    "rendering HTML": _of_document(_rendered, MimeType.HTML),
    "rendering Markdown": _of_document(_rendered, MimeType.MARKDOWN),
    "rendering marks": Function(_with_marks),
    "rendering marks by an alignment": Function(_with_aligned_marks),
    "alignments": Function(_alignments),
    "kept terms": Function(_kept_terms),
    "kind of preformatted text": of(is_prose, ARTICLE),
    "placing": _of_document(_put_in_place, MimeType.HTML),
    "stems": of(lambda text: stems(text, "ru")),
    "words": of(count_words),
    "ranking": Function(_ranked, ARTICLE),
    "extract": _of_document(lambda document: extractive.extract(document, Length(ratio=0.9))),
    "support of an article": of(lambda text: Support([text], "en")),
    "reference to the sentence before": of(lambda text: points_back(text, "en")),
    "claims": Function(_claims),
    "names": of(lambda text: list(names(text, "en"))),
    "postprocessing of a summary": of(
        lambda text: postprocess(text, PipelineOutput(text, -0.1, False, 1), "en")
    ),
    "length budget": Function(_budgeted),
    "least tokens": of(lambda text: least_tokens(Article("", text, "en", MimeType.PLAIN)), ARTICLE),
}
