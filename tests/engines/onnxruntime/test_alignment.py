"""Word alignment of outputs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sentencepiece import SentencePieceTrainer

from summsvc.engines.base import AlignedSpan, DecodingOptions
from summsvc.engines.loaded import Loaded
from summsvc.engines.onnxruntime.alignment import align
from summsvc.engines.onnxruntime.engine import OnnxRuntimeEngine
from summsvc.engines.onnxruntime.search import Hypothesis
from summsvc.engines.onnxruntime.vocabulary import Vocabulary
from tests.checkpoints import pairs

GREEDY = DecodingOptions(beam_size=1)


def test_spans_leave_out_spaces_the_end_marker_and_empty_tokens() -> None:
    assert align(
        "a  big house",
        "большой дом",
        [(0, 1), (1, 6), (6, 12)],
        [(0, 7), (7, 11), (11, 11)],
        [1, 2, 0],
    ) == (AlignedSpan(3, 6, 0, 7), AlignedSpan(7, 12, 8, 11))
    assert align("a", "б", [(0, 1)], [(0, 1)], [1]) == ()


def word(text: str, start: int, end: int) -> str:
    """The whole word that a place is a part of."""
    found = (each for each in re.finditer(r"\w+", text) if each.start() < end <= each.end() + 1)
    return next((each[0] for each in found if start < each.end()), "")


@pytest.mark.parametrize("beam_size", [1, 3])
def test_numbers_are_aligned_with_themselves(engine: OnnxRuntimeEngine, beam_size: int) -> None:
    """Tokens of a number that is in both texts are linked to a token of it, most of the time."""
    texts = [source for source, _ in pairs("en-ru") if any(c.isdigit() for c in source)][:40]
    right = compared = 0
    options = DecodingOptions(beam_size=beam_size)
    for i in range(0, len(texts), 10):
        group = texts[i : i + 10]
        for text, output in zip(group, engine.generate(group, "en", "ru", options), strict=True):
            for span in output.alignment:
                target = word(output.text, span.target_start, span.target_end)
                if target.isdigit() and target in re.findall(r"\w+", text):
                    compared += 1
                    right += word(text, span.source_start, span.source_end) == target
    assert compared >= 10
    assert right >= 0.8 * compared


TEXT = st.text(
    st.characters(exclude_categories=["Cs"]) | st.sampled_from("ﬁⅫ½é \u00a0\u200b“😀"),
    min_size=1,
    max_size=40,
)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(TEXT)
def test_spans_are_inside_both_texts_and_in_the_order_of_the_output(
    short: OnnxRuntimeEngine, text: str
) -> None:
    if short.count_tokens([text], "en", "ru")[0] > short.max_input_tokens:
        return
    (output,) = short.generate([text], "en", "ru", GREEDY)
    position = 0
    for span in output.alignment:
        assert 0 <= span.source_start < span.source_end <= len(text)
        assert position <= span.target_start < span.target_end <= len(output.text)
        position = span.target_end
        for part in (
            text[span.source_start : span.source_end],
            output.text[span.target_start : span.target_end],
        ):
            assert part == part.strip()


def test_spans_are_those_of_the_output_without_its_leading_spaces(tmp_path: Path) -> None:
    """Tokens of bytes may spell a line break, with which a decoded text may begin."""
    SentencePieceTrainer.train(
        sentence_iterator=iter(["the cat sat on the mat", "a dog ran to the house"] * 20),
        model_prefix=str(tmp_path / "target"),
        vocab_size=300,
        hard_vocab_limit=False,
        byte_fallback=True,
        minloglevel=2,
    )
    vocabulary = Vocabulary(tmp_path / "none.spm", tmp_path / "target.model")
    engine = object.__new__(OnnxRuntimeEngine)
    engine._vocabulary = Loaded(vocabulary)
    line_break = vocabulary._target.piece_to_id("<0x0A>")
    cat = vocabulary.encode(["the cat"])[0][:-1]
    output = engine._result(
        "the cat",
        len(cat) + 1,
        Hypothesis([line_break, *cat], [0, *range(len(cat))], -1.0, complete=True),
    )
    assert output.text == "the cat"
    assert output.alignment
    for span in output.alignment:
        assert (span.source_start, span.source_end) == (span.target_start, span.target_end)
