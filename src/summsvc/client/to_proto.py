"""Conversion of articles and request options to protobuf requests."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Unpack

from summsvc.client.options import DecodingOptions, SummaryOptions, TranslationOptions
from summsvc.types import Article, MimeType
from summsvc.v1 import article_pb2, summarization_service_pb2, translation_service_pb2

_PROTO_METHODS = {
    None: summarization_service_pb2.SUMMARY_METHOD_UNSPECIFIED,
    "extractive": summarization_service_pb2.SUMMARY_METHOD_EXTRACTIVE,
    "abstractive": summarization_service_pb2.SUMMARY_METHOD_ABSTRACTIVE,
}


def summarize(
    article: Article | str, **options: Unpack[SummaryOptions]
) -> summarization_service_pb2.SummarizeRequest:
    """Raises ValueError for a value that protobuf cannot encode, such as a lone surrogate."""
    method = options.get("method")
    if method not in _PROTO_METHODS:
        raise ValueError(f"unknown method '{method}': use 'extractive' or 'abstractive'")
    return summarization_service_pb2.SummarizeRequest(
        article=_article(article),
        length=summarization_service_pb2.SummaryLength(
            max_sentences=options.get("max_sentences"),
            max_words=options.get("max_words"),
            ratio=options.get("ratio"),
        ),
        method=_PROTO_METHODS[method],
        target_language_code=options.get("target_language", ""),
        model=options.get("model", ""),
        translation_model=options.get("translation_model", ""),
        keep_boilerplate=options.get("keep_boilerplate", False),
        decoding=_decoding(options.get("decoding")),
        bypass_cache=options.get("bypass_cache", False),
    )


def translate(
    article: Article | str, target_language: str, **options: Unpack[TranslationOptions]
) -> translation_service_pb2.TranslateRequest:
    """Raises ValueError for a value that protobuf cannot encode, such as a lone surrogate."""
    pb = translation_service_pb2
    terms = options.get("do_not_translate", ())
    if isinstance(terms, str):
        raise TypeError("do_not_translate must be a list of terms, not one string")
    return pb.TranslateRequest(
        article=_article(article),
        target_language_code=target_language,
        model=options.get("model", ""),
        include_segments=options.get("include_segments", False),
        do_not_translate=terms,
        glossary=[
            pb.GlossaryEntry(source=source, target=target)
            for source, target in options.get("glossary", {}).items()
        ],
        keep_boilerplate=options.get("keep_boilerplate", False),
        decoding=_decoding(options.get("decoding")),
        bypass_cache=options.get("bypass_cache", False),
    )


def batch_summarize(
    articles: Iterable[Article | str], **options: Unpack[SummaryOptions]
) -> summarization_service_pb2.BatchSummarizeRequest:
    return summarization_service_pb2.BatchSummarizeRequest(
        requests=[summarize(article, **options) for article in articles]
    )


def batch_translate(
    articles: Iterable[Article | str], target_language: str, **options: Unpack[TranslationOptions]
) -> translation_service_pb2.BatchTranslateRequest:
    return translation_service_pb2.BatchTranslateRequest(
        requests=[translate(article, target_language, **options) for article in articles]
    )


def stream_translate(
    article: Article | str, target_language: str, **options: Unpack[TranslationOptions]
) -> translation_service_pb2.StreamTranslateRequest:
    return translation_service_pb2.StreamTranslateRequest(
        request=translate(article, target_language, **options)
    )


def _article(article: Article | str) -> article_pb2.Article:
    if isinstance(article, str):
        return article_pb2.Article(body=article)
    return article_pb2.Article(
        title=article.title,
        body=article.body,
        language_code=article.language,
        mime_type=MimeType(article.mime_type).value,
    )


def _decoding(options: DecodingOptions | None) -> article_pb2.DecodingOptions | None:
    return None if options is None else article_pb2.DecodingOptions(**asdict(options))
