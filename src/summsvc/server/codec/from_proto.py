"""Messages in, domain values out. Ranges are checked below, in tasks and articles;
here only what exists on the wire alone: presence, enum numbers. How long lists
may be is looked at before (``received.py``).
"""

from __future__ import annotations

import asyncio
from typing import Any

from summsvc.config import Settings
from summsvc.errors import InvalidFieldError, SummsvcError
from summsvc.scheduling.fairness.callers import Caller
from summsvc.server.transport.callers import caller_of
from summsvc.tasks.pipeline.decoding import DecodingRequest
from summsvc.tasks.summarization.types import LengthRequest, Method, SummaryRequest
from summsvc.tasks.translation.types import TranslationRequest
from summsvc.types import Article, MimeType
from summsvc.v1 import article_pb2, summarization_service_pb2, translation_service_pb2

MAX_TERM_CODE_POINTS = 200

UNASKED = DecodingRequest()
"""What nearly every caller leaves to the model."""


class RequestReader:
    """Reads messages under the limits of the settings."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.max_reply_bytes = settings.max_message_bytes

    def caller(self, context: Any) -> Caller:
        """Who makes a call."""
        return caller_of(context, by_token=self._settings.token_file is not None)

    def summary(
        self,
        message: summarization_service_pb2.SummarizeRequest,
        *,
        deadline: float | None,
        caller: Caller,
        bulk: bool = False,
    ) -> SummaryRequest:
        """Raises InvalidFieldError."""
        if message.translation_model and not message.target_language_code:
            raise InvalidFieldError(
                "translation_model is set and target_language_code is empty: nothing would be "
                "translated; name the language the summary should be in",
                field="translation_model",
            )
        length = message.length
        return SummaryRequest(
            article=_article(message.article),
            length=LengthRequest(**{name: getattr(length, name) for name in _present(length)}),
            method=self._method(message),
            target=message.target_language_code,
            model=message.model,
            translation_model=message.translation_model,
            keep_boilerplate=message.keep_boilerplate,
            decoding=self._decoding(message.decoding),
            use_cache=not message.bypass_cache,
            deadline=deadline,
            bulk=bulk,
            caller=caller,
        )

    def translation(
        self,
        message: translation_service_pb2.TranslateRequest,
        *,
        deadline: float | None,
        caller: Caller,
        bulk: bool = False,
    ) -> TranslationRequest:
        """Raises InvalidFieldError."""
        if not message.target_language_code:
            raise InvalidFieldError(
                "target_language_code is empty; name the language to translate into",
                field="target_language_code",
            )
        kept = tuple(message.do_not_translate)
        glossary = tuple((entry.source, entry.target) for entry in message.glossary)
        _check_terms("do_not_translate", kept)
        _check_terms("glossary", [source for source, _ in glossary], ".source")
        _check_terms("glossary", [target for _, target in glossary], ".target")
        return TranslationRequest(
            article=_article(message.article),
            target=message.target_language_code,
            model=message.model,
            do_not_translate=kept,
            glossary=glossary,
            keep_boilerplate=message.keep_boilerplate,
            decoding=self._decoding(message.decoding),
            use_cache=not message.bypass_cache,
            deadline=deadline,
            bulk=bulk,
            caller=caller,
        )

    def _method(self, message: summarization_service_pb2.SummarizeRequest) -> Method:
        pb = summarization_service_pb2
        if message.method not in pb.SummaryMethod.values():
            raise InvalidFieldError(f"no summary method {message.method}", field="method")
        if message.method == pb.SUMMARY_METHOD_EXTRACTIVE:
            if message.model:
                raise InvalidFieldError(
                    "an extractive summary is made without a model; leave model empty, "
                    "or ask for the abstractive method",
                    field="model",
                )
            return Method.EXTRACTIVE
        if message.method == pb.SUMMARY_METHOD_ABSTRACTIVE or message.model:
            return Method.ABSTRACTIVE
        return Method(self._settings.summary_method)

    def _decoding(self, message: article_pb2.DecodingOptions) -> DecodingRequest:
        given = _present(message)
        if not given:
            return UNASKED
        asked = DecodingRequest(**{name: getattr(message, name) for name in given})
        asked.check(self._settings.max_output_tokens)
        return asked


def _check_terms(field: str, terms: Any, part: str = "") -> None:
    for i, term in enumerate(terms):
        if not (term.strip() and len(term) <= MAX_TERM_CODE_POINTS):
            raise InvalidFieldError(
                f"{field}[{i}]{part} must have 1 to {MAX_TERM_CODE_POINTS} code points",
                field=f"{field}[{i}]{part}",
            )


def under(error: SummsvcError, path: str) -> SummsvcError:
    """The error with its field path put under ``path``."""
    if error.field:
        error.field = f"{path}.{error.field}"
    return error


def deadline_of(context: Any) -> float | None:
    """The call's deadline as ``loop.time()`` seconds, or None when it has none."""
    remaining = context.time_remaining()
    return None if remaining is None else asyncio.get_running_loop().time() + float(remaining)


def _article(message: article_pb2.Article) -> Article:
    mime = message.mime_type.partition(";")[0].strip().lower()
    try:
        kind = MimeType(mime) if mime else MimeType.PLAIN
    except ValueError:
        known = ", ".join(kind.value for kind in MimeType)
        raise InvalidFieldError(
            f"mime_type '{mime[:80]}' is not read; use one of {known}", field="article.mime_type"
        ) from None
    return Article(message.title, message.body, message.language_code, kind)


def _present(message: Any) -> list[str]:
    return [field.name for field, _ in message.ListFields()]
