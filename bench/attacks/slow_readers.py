"""Streams of responses that their client does not read."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack

from bench.attacks.connections import PAUSE_S
from summsvc.v1 import article_pb2
from summsvc.v1 import translation_service_pb2 as pb
from tests.server.connection import RawConnection

METHOD = "/summsvc.v1.TranslationService/StreamTranslate"
CONNECTIONS = 20
LINES = 1_500


def request() -> bytes:
    """Lines without words, which need no model and keep their length in the reply."""
    body = "\n".join(f"{number:04d} " + "7 " * 60 for number in range(LINES))
    article = article_pb2.Article(body=body, language_code="en")
    translate = pb.TranslateRequest(article=article, target_language_code="ru")
    return pb.StreamTranslateRequest(request=translate).SerializeToString()


def steps(port: int) -> Iterator[None]:
    """Start ``CONNECTIONS`` streams in the first step, and read none of them."""
    message = request()
    with ExitStack() as stack:
        for _ in range(CONNECTIONS):
            stack.enter_context(RawConnection(port)).call(METHOD, message)
        while True:
            yield
            time.sleep(PAUSE_S)
