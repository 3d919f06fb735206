"""Checks of outputs: a text compared with itself lacks nothing; claims are places in it."""

from __future__ import annotations

from fuzz.text.inputs import LANGUAGES, Input
from summsvc.tasks.quality import numerals
from summsvc.tasks.quality.checks import assess, lost_brackets, severity
from summsvc.tasks.quality.numbers import lost_figures
from summsvc.tasks.quality.repetition import find_repetition
from summsvc.tasks.summarization.faithfulness import Support
from summsvc.tasks.translation.letter_case import case_of, is_copied


def run(data: bytes) -> None:
    """Check one text as the output of another, and one with itself."""
    given = Input(data)
    source, output = given.texts(2)
    target = given.choice(0, LANGUAGES)
    way = given.choice(1, ("assess", "same", "numbers", "claims", "case"))
    if way == "assess":
        kept = [word for word in source.split()[:3] if given.flag(2)]
        issues = assess(
            source,
            output,
            source_language=given.choice(3, LANGUAGES),
            target=target,
            complete=given.flag(3),
            kept=kept,
        )
        assert len(severity(issues)) == 5
        assert all(issue.message for issue in issues)
    elif way == "same":
        assert lost_brackets(source, source) == []
        assert lost_figures(source, source, target=target) == []
        assert find_repetition(source, source) == ""
    elif way == "numbers":
        lost_figures(source, output, target=target)
        at = 0
        for number in numerals.numbers(source, target):
            assert 0 <= number.start < number.end <= len(source)
            assert at <= number.end
            at = number.end
    elif way == "claims":
        for claim in Support([source], target).unsupported(output):
            assert 0 <= claim.start < claim.end <= len(output)
    else:
        case_of(source)
        is_copied(source, output)
