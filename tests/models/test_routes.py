"""Routes: model selection by language pair, and the errors when no model serves it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from summsvc.engines.base import Task
from summsvc.errors import ModelNotInstalledError, UnknownModelError, UnsupportedPairError
from summsvc.models.catalog import Catalog, CatalogEntry, License, parse_pair
from summsvc.models.routes import Route, Routes
from summsvc.models.store.store import Store
from tests.models.folders import checkpoint


def entry(id: str, *pairs: str, preference: int = 10, free: bool = True) -> CatalogEntry:
    parsed = tuple(parse_pair(pair) for pair in pairs)
    return CatalogEntry(
        id=id,
        task=Task.SUMMARIZATION if parsed[0][0] == parsed[0][1] else Task.TRANSLATION,
        pairs=parsed,
        preference=preference,
        license=License(non_commercial=not free),
    )


KNOWN = [
    entry("big", "en-ru", preference=20),
    entry("small", "en-ru"),
    entry("en-lt", "en-lt", preference=20),
    entry("ru-en", "ru-en", preference=20),
    entry("many", "ru-lt", "lt-ru", "en-ru", preference=5),
    entry("research", "lt-ru", "en-lt", preference=30, free=False),
    entry("short", "en-en"),
    entry("russian", "ru-ru"),
]


class Bench:
    """A store, a catalog of made-up models, and routes over both."""

    def __init__(self, folder: Path) -> None:
        self.store = Store(folder / "store")
        self.source = checkpoint(folder / "source")
        self.catalog = Catalog({each.id: each for each in KNOWN})

    def install(self, *ids: str) -> None:
        for id in ids:
            facts = self.catalog.entries[id]
            self.store.add(self.source, id, facts.task, entry=facts)

    def routes(self, defaults: Mapping[str, str] | None = None, pivot: str = "en") -> Routes:
        return Routes(self.catalog, self.store, pivot=pivot, defaults=defaults or {})


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_preferred_installed_model_is_selected(bench: Bench) -> None:
    bench.install("small")
    routes = bench.routes()
    assert routes.resolve_translation("en", "ru", "") == Route(("en", "ru"), ("small",), True)
    bench.install("big")
    assert routes.resolve_translation("en", "ru", "").models == ("big",)


def test_requested_model_is_selected(bench: Bench) -> None:
    bench.install("big", "small", "short")
    routes = bench.routes()
    assert routes.resolve_translation("en", "ru", "small").models == ("small",)
    with pytest.raises(UnknownModelError, match="'none'"):
        routes.resolve_translation("en", "ru", "none")
    with pytest.raises(UnknownModelError, match="no translation model 'short'"):
        routes.resolve_translation("en", "ru", "short")
    with pytest.raises(UnsupportedPairError, match="does not serve 'en' to 'lt'"):
        routes.resolve_translation("en", "lt", "big")
    with pytest.raises(ModelNotInstalledError, match=r"summsvc models pull many$"):
        routes.resolve_translation("en", "ru", "many")


@pytest.mark.parametrize("model", ["../up", "a" * 10_000, "\0", "big\n"])
def test_malformed_ids_are_unknown_models(bench: Bench, model: str) -> None:
    bench.install("big")
    with pytest.raises(UnknownModelError) as caught:
        bench.routes().resolve_translation("en", "ru", model)
    assert len(caught.value.message) < 300


def test_pivot_route_when_both_models_are_installed(bench: Bench) -> None:
    bench.install("ru-en", "en-lt")
    assert bench.routes().resolve_translation("ru", "lt", "") == Route(
        ("ru", "en", "lt"), ("ru-en", "en-lt"), True
    )
    bench.install("many")
    assert bench.routes().resolve_translation("ru", "lt", "").models == ("many",)


def test_no_pivot_route_without_pivot_language(bench: Bench) -> None:
    bench.install("ru-en", "en-lt")
    with pytest.raises(ModelNotInstalledError, match="many"):
        bench.routes(pivot="").resolve_translation("ru", "lt", "")


def test_missing_models_are_reported_with_the_install_command(bench: Bench) -> None:
    routes = bench.routes()
    with pytest.raises(ModelNotInstalledError) as caught:
        routes.resolve_translation("en", "ru", "")
    assert caught.value.message.endswith("install with: summsvc models pull big")
    assert caught.value.metadata == {"models": "big", "command": "summsvc models pull big"}
    # Two preferred models are proposed before one less preferred, and only the missing ones.
    with pytest.raises(ModelNotInstalledError, match=r"pull ru-en en-lt$"):
        routes.resolve_translation("ru", "lt", "")
    bench.install("en-lt")
    with pytest.raises(ModelNotInstalledError, match=r"pull ru-en$"):
        routes.resolve_translation("ru", "lt", "")


def test_commercial_use_models_are_proposed_before_non_commercial_ones(bench: Bench) -> None:
    with pytest.raises(ModelNotInstalledError, match=r"pull en-lt$"):
        bench.routes().resolve_translation("en", "lt", "")
    bench.install("research")
    assert bench.routes().resolve_translation("en", "lt", "").models == ("research",)


def test_unsupported_pairs(bench: Bench) -> None:
    with pytest.raises(UnsupportedPairError) as caught:
        bench.routes().resolve_translation("en", "sw", "")
    assert caught.value.field == "target_language_code"
    assert caught.value.metadata == {"source": "en", "target": "sw"}


def test_default_model_is_used_as_if_requested(bench: Bench) -> None:
    bench.install("big", "small", "ru-en", "en-lt")
    routes = bench.routes({"en-ru": "small", "ru-lt": "many", "en-lt": "typo"})
    assert routes.resolve_translation("en", "ru", "").models == ("small",)
    assert routes.resolve_translation("en", "ru", "big").models == ("big",)
    with pytest.raises(ModelNotInstalledError, match=r"pull many$"):
        routes.resolve_translation("ru", "lt", "")
    with pytest.raises(UnknownModelError, match="typo"):
        routes.resolve_translation("en", "lt", "")


def test_default_models_that_cannot_be_used_are_named(bench: Bench) -> None:
    bench.install("small")
    defaults = {"en-ru": "small", "en-lt": "small", "ru-en": "typo", "ru": "small", "en": "short"}
    found = dict(bench.routes(defaults).unusable_defaults())
    assert {key: error.reason for key, error in found.items()} == {
        "en-lt": "UNSUPPORTED_PAIR",
        "ru-en": "UNKNOWN_MODEL",
        "ru": "UNKNOWN_MODEL",
        "en": "MODEL_NOT_INSTALLED",
    }


def test_default_model_is_used_for_a_stage(bench: Bench) -> None:
    bench.catalog = Catalog({**bench.catalog.entries, "lt-en": entry("lt-en", "lt-en")})
    bench.install("lt-en", "big", "small")
    assert bench.routes().resolve_translation("lt", "ru", "").models == ("lt-en", "big")
    routes = bench.routes({"en-ru": "small"})
    assert routes.resolve_translation("lt", "ru", "").models == ("lt-en", "small")


def test_models_outside_the_catalog_are_used(bench: Bench) -> None:
    bench.store.add(bench.source, "ours", Task.TRANSLATION, [("en", "lv")])
    routes = bench.routes()
    assert routes.resolve_translation("en", "lv", "").models == ("ours",)
    assert routes.resolve_translation("en", "lv", "ours").models == ("ours",)


def test_resolving_accesses_no_file(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.install("big", "short")
    routes = bench.routes()
    seen = bench.store.snapshot
    for name in ("stat", "iterdir", "open", "read_bytes"):
        monkeypatch.delattr(Path, name)
    for _ in range(2):
        assert routes.resolve_translation("en", "ru", "").models == ("big",)
        assert routes.resolve_translation("en", "ru", "big").models == ("big",)
        assert routes.resolve_summarizer("en", "") == "short"
        with pytest.raises(ModelNotInstalledError):
            routes.resolve_translation("en", "ru", "many")
    assert bench.store.snapshot is seen


def test_cached_routes_expire_with_the_snapshot(bench: Bench) -> None:
    bench.install("big", "small")
    routes = bench.routes()
    assert routes.resolve_translation("en", "ru", "").models == ("big",)
    assert routes.resolve_translation("en", "ru", "big").models == ("big",)
    (bench.store.root / "big" / "manifest.json").write_text("{")
    assert routes.resolve_translation("en", "ru", "").models == ("big",)
    bench.store.refresh()
    assert routes.resolve_translation("en", "ru", "").models == ("small",)
    with pytest.raises(ModelNotInstalledError, match=r"pull big$"):
        routes.resolve_translation("en", "ru", "big")


def test_installed_id_hides_its_catalog_entry(bench: Bench) -> None:
    bench.store.add(bench.source, "big", Task.SUMMARIZATION, [("en", "en")])
    with pytest.raises(ModelNotInstalledError, match=r"pull small$"):
        bench.routes().resolve_translation("en", "ru", "")


def test_summarizers(bench: Bench) -> None:
    routes = bench.routes()
    with pytest.raises(ModelNotInstalledError, match=r"pull short$"):
        routes.resolve_summarizer("en", "")
    bench.install("short", "big")
    assert routes.resolve_summarizer("en", "") == "short"
    assert routes.resolve_summarizer("en", "short") == "short"
    with pytest.raises(UnsupportedPairError, match="extractive"):
        routes.resolve_summarizer("sw", "")
    with pytest.raises(UnknownModelError, match="no summarization model 'big'"):
        routes.resolve_summarizer("en", "big")
    with pytest.raises(UnsupportedPairError):
        routes.resolve_summarizer("ru", "short")
    assert bench.routes({"en": "short"}).resolve_summarizer("en", "") == "short"
    with pytest.raises(ModelNotInstalledError, match=r"pull russian$"):
        bench.routes({"ru": "russian"}).resolve_summarizer("ru", "")


def test_all_routes_are_listed(bench: Bench) -> None:
    bench.install("ru-en", "en-lt")
    told = {
        route.languages: route for route in bench.routes().all_translations(bench.store.snapshot)
    }
    assert told["ru", "en", "lt"].installed
    assert not told["en", "ru"].installed
    assert told["en", "ru"].models == ("big",)
    pairs = [(languages[0], languages[-1]) for languages in told]
    assert sorted(pairs) == [
        ("en", "lt"),
        ("en", "ru"),
        ("lt", "ru"),
        ("ru", "en"),
        ("ru", "lt"),
    ]
