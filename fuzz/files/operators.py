"""Readers of files that operators and users write: settings, catalogs, tokens, glossaries."""

from __future__ import annotations

import json
from contextlib import suppress

import click

from fuzz.files.sandbox import folder
from summsvc.cli.inputs import InputError, Source, load_glossary
from summsvc.config import SettingsError, load_settings
from summsvc.errors import SummsvcError
from summsvc.models.catalog import Catalog, CatalogError
from summsvc.models.sources.errors import PullError
from summsvc.models.sources.index import INDEX_URL, newest
from summsvc.server.security.tokens import Tokens


def settings(data: bytes) -> None:
    """Load settings from a file, and from an environment of the same lines."""
    with folder() as place:
        path = place / "summsvc.toml"
        path.write_bytes(data)
        with suppress(SettingsError):
            load_settings(path, environ={})
    lines = data.decode("utf-8", "surrogateescape").replace("\0", "").splitlines()
    pairs = (line.partition("=") for line in lines)
    environ = {f"SUMMSVC_{name.strip().upper()}": value.strip(' "') for name, _, value in pairs}
    with suppress(SettingsError):
        load_settings(environ=environ)


def settings_seeds() -> list[bytes]:
    """Settings of all kinds."""
    return [
        b'host = "127.0.0.1"\nport = 50051\nmax_terms = 5\npreload = ["all"]\nmax_body_code_points = 10\n',
        b'default_models = {"en-ru" = "opus-en-ru"}\nlog_format = "json"\nlog_level = "info"\n',
        b"port=1\npreload=a,b\ndefault_models=en-ru=a,en=b\ndevice=cpu\nmodel_dir=/\nshutdown_grace_s=1.5\n",
    ]


def catalog(data: bytes) -> None:
    """Load a catalog of one's own."""
    with folder() as place:
        path = place / "catalog.toml"
        path.write_bytes(data)
        try:
            entries = Catalog.load(path).entries
        except CatalogError:
            return
        for entry in entries.values():
            assert entry.pairs
            str(entry.license)


def catalog_seeds() -> list[bytes]:
    """Entries of each kind, and changed built-in ones."""
    digest = "0" * 64
    return [
        b'[opus-en-ru]\npreference = 5\ntitle = "A model"\n\n[opus-en-ru.decoding]\nbeam_size = 2\n',
        b'[mine]\ntask = "translation"\nrepository = "ann/mine"\npairs = ["en-ru", "en-lt"]\n'
        b'language_tokens = "target_prefix"\ntokens = {ru = ">>rus<<", lt = ">>lit<<"}\n'
        b'license = {spdx_id = "MIT"}\nscores = [{test_set = "a", metric = "BLEU", value = 1.5}]\n',
        f'[files]\ntask = "translation"\nbase_url = "https://example.org/a"\npairs = ["en-lt"]\nfiles = '
        f'[{{name = "model.gz", size = 5, sha256 = "{digest}"}}]\nnewest = ["tiny"]\n'.encode(),
        b'[all]\ntask = "translation"\ntokens = {ru = "a", lt = "b", en = "c"}\n',
    ]


def tokens(data: bytes) -> None:
    """Load a token file."""
    with folder() as place:
        path = place / "tokens"
        path.write_bytes(data)
        with suppress(SettingsError):
            Tokens(path).load()


def tokens_seeds() -> list[bytes]:
    """Tokens by lines and as TOML."""
    return [
        b"0123456789abcdef\nfedcba9876543210\n",
        b'[news]\ntoken = "0123456789abcdef"\n\n[desk]\nsha256 = "'
        + b"0" * 64
        + b'"\nmax_requests = 5\n',
    ]


def glossary(data: bytes) -> None:
    """Load a glossary, and an article, of the command line."""
    with folder() as place:
        path = place / "glossary.txt"
        path.write_bytes(data)
        with suppress(click.BadParameter):
            for source, target in load_glossary(path).items():
                assert source
                assert target
        with suppress(InputError):
            Source("glossary.txt", path).load(title="", language="", mime_type=None)


def glossary_seeds() -> list[bytes]:
    """A glossary in three alphabets."""
    return ["mayor\tmeras\nbishop\tепископ\n\nWhite House\tБелый дом\n".encode()]


class _Served:
    """A connection that serves an index and headers from memory."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def address(self, url: str) -> str:
        return url

    def read(self, url: str, most: int) -> bytes:
        assert url == INDEX_URL
        assert len(self._content) <= most
        return self._content

    def headers(self, url: str) -> dict[str, str]:
        assert url.startswith(("http://", "https://"))
        return {"Content-Length": self._content[:2].decode("latin-1"), "Last-Modified": url[-29:]}


def index(data: bytes) -> None:
    """Choose the newest model of an index."""
    entry = Catalog.load().entries["firefox-en-ru"]
    try:
        found = newest(entry, _Served(data))  # type: ignore[arg-type]
    except (PullError, SummsvcError):
        return
    for url, file in found.release.files:
        assert url.startswith("https://")
        assert "/" not in file.name


def index_seeds() -> list[bytes]:
    """An index with a released model of two forms."""
    file = {
        "path": "models/en-ru/model.bin.gz",
        "uncompressedSize": 5,
        "uncompressedHash": "0" * 64,
    }
    files = dict.fromkeys(("model", "vocab", "lexicalShortlist", "qualityModel"), file)
    model = {"architecture": "base-memory", "releaseStatus": "Release", "files": files}
    other = {**model, "architecture": "tiny", "releaseStatus": None}
    facts = {
        "generated": "2025-11-03T00:00:00Z",
        "baseUrl": "https://storage.example.org/a",
        "models": {"en-ru": [model, other]},
    }
    return [json.dumps(facts).encode()]
