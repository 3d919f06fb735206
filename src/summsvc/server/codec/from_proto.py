"""Conversion of request messages to domain requests.

This module validates only properties of the protobuf messages: field presence, enum numbers,
term lengths. ``deserialize.py`` has limited the list lengths before; ``tasks`` and ``articles``
validate ranges and texts after.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from google.protobuf.message import Message

from summsvc.config import Settings
from summsvc.errors import InvalidFieldError, SummsvcError
from summsvc.scheduling.fairness.callers import Caller
from summsvc.server.transport.handlers import Context
from summsvc.tasks.pipeline.decoding import DecodingRequest
from summsvc.tasks.summarization.types import LengthRequest, Method, SummaryRequest
from summsvc.tasks.translation.types import TranslationRequest
from summsvc.types import Article, MimeType
from summsvc.v1 import article_pb2, summarization_service_pb2, translation_service_pb2

MAX_TERM_CODE_POINTS = 200
"""Longest protected term or glossary entry, in code points."""

MODEL_DEFAULTS = DecodingRequest()
"""Decoding of a request that sets no option, as nearly all requests are; shared by them."""


class RequestConverter:
    """Converts request messages to domain requests, within the limits of the settings.

    max_reply_bytes: size in bytes of the largest reply that this server sends.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.max_reply_bytes = settings.max_message_bytes

    def summary_request(
        self,
        message: summarization_service_pb2.SummarizeRequest,
        *,
        deadline: float | None,
        caller: Caller,
        bulk: bool = False,
    ) -> SummaryRequest:
        """Convert a SummarizeRequest; raises InvalidFieldError.

        deadline: in seconds of the event loop's clock. bulk: whether it is part of a batch.
        """
        if message.translation_model and not message.target_language_code:
            raise InvalidFieldError(
                "translation_model is set but target_language_code is empty; "
                "set target_language_code to the language of the summary",
                field="translation_model",
            )
        length = message.length
        return SummaryRequest(
            article=_article(message.article),
            length=LengthRequest(**{name: getattr(length, name) for name in _set_fields(length)}),
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

    def translation_request(
        self,
        message: translation_service_pb2.TranslateRequest,
        *,
        deadline: float | None,
        caller: Caller,
        bulk: bool = False,
    ) -> TranslationRequest:
        """Convert a TranslateRequest; raises InvalidFieldError.

        Arguments as in ``summary_request``.
        """
        if not message.target_language_code:
            raise InvalidFieldError(
                "target_language_code is empty; set it to the language to translate into",
                field="target_language_code",
            )
        kept = tuple(message.do_not_translate)
        glossary = tuple((entry.source, entry.target) for entry in message.glossary)
        _validate_terms("do_not_translate", kept)
        _validate_terms("glossary", [source for source, _ in glossary], ".source")
        _validate_terms("glossary", [target for _, target in glossary], ".target")
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
            raise InvalidFieldError(
                f"summary method {message.method} does not exist; use a value of SummaryMethod",
                field="method",
            )
        if message.method == pb.SUMMARY_METHOD_EXTRACTIVE:
            if message.model:
                raise InvalidFieldError(
                    "the extractive method uses no model; leave model empty, "
                    "or choose the abstractive method",
                    field="model",
                )
            return Method.EXTRACTIVE
        if message.method == pb.SUMMARY_METHOD_ABSTRACTIVE or message.model:
            return Method.ABSTRACTIVE
        return Method(self._settings.summary_method)

    def _decoding(self, message: article_pb2.DecodingOptions) -> DecodingRequest:
        fields = _set_fields(message)
        if not fields:
            return MODEL_DEFAULTS
        request = DecodingRequest(**{name: getattr(message, name) for name in fields})
        request.check(self._settings.max_output_tokens)
        return request


def _validate_terms(field: str, terms: Iterable[str], part: str = "") -> None:
    for i, term in enumerate(terms):
        if not (term.strip() and len(term) <= MAX_TERM_CODE_POINTS):
            raise InvalidFieldError(
                f"{field}[{i}]{part} must have 1 to {MAX_TERM_CODE_POINTS} code points "
                "and must not be blank",
                field=f"{field}[{i}]{part}",
            )


def prefix_field(error: SummsvcError, path: str) -> SummsvcError:
    """Prefix an error's field path with the path of its request; return the error."""
    if error.field:
        error.field = f"{path}.{error.field}"
    return error


def deadline_of(context: Context) -> float | None:
    """Deadline of a call in ``loop.time()`` seconds; None when the call has none."""
    remaining = context.time_remaining()
    return None if remaining is None else asyncio.get_running_loop().time() + float(remaining)


def _article(message: article_pb2.Article) -> Article:
    mime = message.mime_type.partition(";")[0].strip().lower()
    try:
        kind = MimeType(mime) if mime else MimeType.PLAIN
    except ValueError:
        known = ", ".join(kind.value for kind in MimeType)
        raise InvalidFieldError(
            f"mime_type '{mime[:80]}' is not supported; use one of {known}",
            field="article.mime_type",
        ) from None
    return Article(message.title, message.body, message.language_code, kind)


def _set_fields(message: Message) -> list[str]:
    """Names of the fields that a message sets."""
    return [field.name for field, _ in message.ListFields()]
