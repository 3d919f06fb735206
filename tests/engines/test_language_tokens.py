"""Language tokens: the effect of the correct one and of a wrong one.

Each checkpoint was trained on the same English sentences in Russian and in Lithuanian, and
only the token selects the output language.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from summsvc.engines.base import DecodingOptions, LanguageTokens, ModelSpec, Placement
from summsvc.engines.load import load
from summsvc.engines.tokenizer import Tokenizer
from summsvc.models.catalog import Catalog
from summsvc.models.store.store import Store
from tests.checkpoints import FAMILIES, checkpoint, known

GREEDY = DecodingOptions(beam_size=1)
RUSSIAN, LITHUANIAN = (known("nllb", code)[20:110:9] for code in ("ru", "lt"))
ENGLISH = [source for source, _ in RUSSIAN]


@dataclass(frozen=True)
class FamilyTokens:
    """A family's tokens for Russian, Lithuanian, and English as the source ("": none)."""

    kind: LanguageTokens
    ru: str
    lt: str
    en: str = ""


CONVENTIONS = {
    "marian-zle": FamilyTokens(LanguageTokens.TARGET_PREFIX, ">>rus<<", ">>lit<<"),
    "madlad": FamilyTokens(LanguageTokens.TARGET_PREFIX, "<2ru>", "<2lt>"),
    "nllb": FamilyTokens(LanguageTokens.SOURCE_AND_TARGET, "rus_Cyrl", "lit_Latn", "eng_Latn"),
    "m2m100": FamilyTokens(LanguageTokens.SOURCE_AND_TARGET, "__ru__", "__lt__", "__en__"),
    "mbart50": FamilyTokens(LanguageTokens.SOURCE_AND_TARGET, "ru_RU", "lt_LT", "en_XX"),
}


def spec_of(architectures: Store, name: str, engine: str) -> ModelSpec:
    """The spec of the installed model, or of the hub-layout checkpoint with the same tokens."""
    spec = architectures.spec(name)
    return spec if engine == "ctranslate2" else replace(spec, path=checkpoint(name))


def translated(spec: ModelSpec, engine: str, *targets: str) -> list[list[str]]:
    """The English sentences translated into each target language."""
    running = load(spec, Placement(), engine)
    try:
        return [
            [output.text for output in running.generate(ENGLISH, "en", target, GREEDY)]
            for target in targets
        ]
    finally:
        running.close()


@pytest.mark.parametrize("name", CONVENTIONS)
@pytest.mark.parametrize("engine", ["ctranslate2", "transformers"])
def test_token_selects_the_output_language(architectures: Store, name: str, engine: str) -> None:
    spec, told = spec_of(architectures, name, engine), CONVENTIONS[name]
    assert spec.language_tokens is told.kind
    assert (spec.tokens["ru"], spec.tokens["lt"]) == (told.ru, told.lt)
    russian, lithuanian = ([output for _, output in pairs] for pairs in (RUSSIAN, LITHUANIAN))
    assert translated(spec, engine, "ru", "lt") == [russian, lithuanian]
    swapped = replace(spec, tokens={**spec.tokens, "ru": told.lt, "lt": told.ru})
    assert translated(swapped, engine, "ru", "lt") == [lithuanian, russian]


@pytest.mark.parametrize("name", [name for name, told in CONVENTIONS.items() if told.en])
def test_source_token_is_part_of_the_input(architectures: Store, name: str) -> None:
    spec, told = architectures.spec(name), CONVENTIONS[name]
    for source, token in (("en", told.en), ("ru", told.ru)):
        (pieces,) = Tokenizer(spec).encode(["Nobody was hurt."], source, "lt")
        assert pieces.count(token) == 1
        assert (pieces[0], pieces[-1]) == (token, "</s>")
    assert Tokenizer(spec).forced_pieces("lt") == [told.lt]


@pytest.mark.parametrize(
    ("id", "tokens"),
    [
        ("opus-en-ru", {"ru": ">>rus<<"}),
        ("nllb-600m", {"en": "eng_Latn", "ru": "rus_Cyrl", "lt": "lit_Latn"}),
        ("m2m100-418m", {"en": "__en__", "ru": "__ru__", "lt": "__lt__"}),
        ("madlad-3b", {"en": "<2en>", "ru": "<2ru>", "lt": "<2lt>"}),
    ],
)
def test_catalog_has_the_same_tokens(id: str, tokens: dict[str, str]) -> None:
    entry = Catalog.load().get(id)
    assert entry is not None
    assert entry.tokens == tokens
    assert any(family.like == id for family in FAMILIES.values())
