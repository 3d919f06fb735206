"""Systems (b) and (c): simple servers with one model call for each request.

    python -m bench.serve.naive transformers|ctranslate2 MODEL

They segment the article as summsvc does and pass all its segments to the model in one
call. Requests share nothing but the model.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc

from bench.serve import bare, models, texts
from summsvc.config.cores import cores
from summsvc.engines.tokenizer import Tokenizer
from summsvc.v1 import article_pb2
from summsvc.v1 import translation_service_pb2 as pb

THREADS = 10
"""Threads of the gRPC server, as in gRPC's examples."""

MAX_OUTPUT_TOKENS = 128

Translate = Callable[[Sequence[str], int], tuple[list[str], int]]
"""From segments and beam size to translations and their number of tokens."""


def with_transformers(model: str) -> Translate:
    """One ``generate`` call for each request, with the defaults of transformers."""
    import torch
    from transformers import AutoModelForSeq2SeqLM, AutoTokenizer, logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()
    folder = models.checkpoint(model)
    loaded = AutoModelForSeq2SeqLM.from_pretrained(folder).eval()
    own = threading.local()

    def translate(segments: Sequence[str], beams: int) -> tuple[list[str], int]:
        if not hasattr(own, "tokenizer"):
            own.tokenizer = AutoTokenizer.from_pretrained(folder)
        read = own.tokenizer(list(segments), padding=True, return_tensors="pt")
        with torch.inference_mode():
            made = loaded.generate(**read, num_beams=beams, max_new_tokens=MAX_OUTPUT_TOKENS)
        tokens = int((made != own.tokenizer.pad_token_id).sum())
        return own.tokenizer.batch_decode(made, skip_special_tokens=True), tokens

    return translate


def with_ctranslate2(model: str) -> Translate:
    """One ``translate_batch`` call for each request, on all cores, in int8."""
    import ctranslate2

    spec = models.store(model).spec(model)
    translator = ctranslate2.Translator(str(spec.path), inter_threads=cores(), intra_threads=1)
    own = threading.local()

    def translate(segments: Sequence[str], beams: int) -> tuple[list[str], int]:
        if not hasattr(own, "pieces"):
            own.pieces = Tokenizer(spec)
        results = translator.translate_batch(
            own.pieces.encode(segments, *spec.pairs[0]),
            beam_size=beams,
            max_decoding_length=MAX_OUTPUT_TOKENS,
        )
        made = [result.hypotheses[0] for result in results]
        return [own.pieces.decode(each) for each in made], sum(len(each) + 1 for each in made)

    return translate


WAYS = {"transformers": with_transformers, "ctranslate2": with_ctranslate2}


def handler(translate: Translate) -> Any:
    """A gRPC handler for Translate, without warnings, spans or markup."""

    def answer(request: pb.TranslateRequest, _context: grpc.ServicerContext) -> Any:
        segments = texts.segments(request.article.body)
        made, tokens = translate(segments, request.decoding.beam_size)
        stats = article_pb2.Stats(output_tokens=tokens, segments=len(segments))
        return pb.TranslateResponse(body=" ".join(made), stats=stats)

    return bare.handler(answer, **bare.MESSAGES)


def main() -> None:
    way, model = sys.argv[1:]
    server = grpc.server(ThreadPoolExecutor(THREADS))
    server.add_generic_rpc_handlers((handler(WAYS[way](model)),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(f"listening on 127.0.0.1:{port}", flush=True)
    server.wait_for_termination()


if __name__ == "__main__":
    main()
