"""Messages without the text that they were about."""

from __future__ import annotations

import pytest

from summsvc.redaction import LONGEST, redacted

TEXTS = ["The Zanzibar president met the mayor, Jonas Žemaitis, in 1975.", "It will rain."]


@pytest.mark.parametrize(
    ("message", "kept"),
    [
        ("CUDA out of memory: 20.00 MiB", "CUDA out of memory: 20.00 MiB"),
        ("no piece for 'Zanzibar'", "no piece for '…'"),
        ("no piece for ▁ZANZI", "no piece for ▁…"),
        ("cannot read The Zanzibar president met the mayor", "cannot read The … met the …"),
        ("bad token: Žemaitis", "bad token: …"),
        (r"bad bytes b'\xc5\xbdemaitis'", "bad bytes b'…'"),
        ("length 1975 is over 512", "length … is over 512"),
        ("", ""),
    ],
)  # fmt: skip
def test_words_of_the_texts_are_left_out(message: str, kept: str) -> None:
    assert redacted(message, TEXTS) == kept


def test_a_long_message_is_cut() -> None:
    assert len(redacted("x " * LONGEST, TEXTS)) == LONGEST
