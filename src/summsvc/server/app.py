"""The one place where the service is put together, started and ended."""

from __future__ import annotations

import asyncio
import signal
import time
from pathlib import Path
from typing import Any

import grpc
import structlog
from grpc_health.v1 import health, health_pb2_grpc
from grpc_reflection.v1alpha import reflection
from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.gc_collector import GCCollector
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

from summsvc.config import Settings, SettingsError
from summsvc.cores import cores
from summsvc.engines.base import Task
from summsvc.models.catalog import Catalog, CatalogError
from summsvc.models.routes import Routes
from summsvc.models.store import Store
from summsvc.scheduling.admission import QueueLimits
from summsvc.scheduling.pool import ModelPool
from summsvc.server import logs
from summsvc.server.drain import Drain
from summsvc.server.health import MODELS, SUMMARIZATION, TRANSLATION, Health
from summsvc.server.interceptors import CallInterceptor
from summsvc.server.listener import listen
from summsvc.server.metrics import CallMetrics, LogMetrics, LoopLag
from summsvc.server.models import ModelServicer
from summsvc.server.received import Receiver
from summsvc.server.requests import RequestReader
from summsvc.server.summarization import SummarizationServicer
from summsvc.server.translation import TranslationServicer
from summsvc.server.turns import Turns
from summsvc.tasks.checks import Checks
from summsvc.tasks.reading import TextWorkers
from summsvc.tasks.router import Router
from summsvc.tasks.summarize import Summarizer
from summsvc.tasks.translate import Translator
from summsvc.v1 import (
    model_service_pb2_grpc,
    summarization_service_pb2_grpc,
    translation_service_pb2_grpc,
)

log = structlog.get_logger("summsvc.server")

LOOK_PERIOD_S = 1.0
"""How often the models' folder is looked at: as late may it be seen that one is gone."""


class Server:
    """A whole service in this process, on one event loop.

    ``port`` and ``metrics_port`` are those really bound, once started.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.port = 0
        self.metrics_port = -1
        self.stopped = False
        self._started = time.monotonic()
        self._registry = CollectorRegistry()
        self._registry.register(LogMetrics())
        self._drain = Drain()
        self._health = Health()
        self._turns = Turns(idle=self._drain.idle)
        self._metrics_server: Any = None
        self._background: set[asyncio.Task[None]] = set()

        self._workers = TextWorkers(
            settings.text_threads or cores(),
            max_title=settings.max_title_code_points,
            max_body=settings.max_body_code_points,
            limits=QueueLimits(
                settings.max_queued_requests, settings.max_queued_code_points, settings.max_wait_s
            ),
            registry=self._registry,
        )
        catalog = Catalog.load(settings.catalog_file)
        self._store = Store(settings.model_dir)
        self._pool = ModelPool(self._store, settings, registry=self._registry)
        routes = Routes(
            catalog, self._store, pivot=settings.pivot_language, defaults=settings.default_models
        )
        router = Router(routes, self._pool)
        # Where no outputs are to be kept, neither is what was said about them.
        checks = Checks() if settings.cache_bytes else None
        translator = Translator(self._workers, router, checks)
        summarizer = Summarizer(
            self._workers, router, checks, max_sentences=settings.max_summary_sentences
        )
        self._receiver = Receiver(settings)
        reader = RequestReader(settings)
        self._summarization = SummarizationServicer(
            self._receiver, reader, summarizer, self._workers
        )
        self._translation = TranslationServicer(self._receiver, reader, translator, self._workers)
        self._models = ModelServicer(settings, catalog, routes, self._pool)

    async def start(self) -> None:
        """Listen, and load models in the background. Raises OSError for a port in use."""
        settings = self.settings
        await asyncio.to_thread(self._store.look)
        self._server = grpc.aio.server(
            interceptors=[
                CallInterceptor(
                    tokens=_tokens(settings.token_file),
                    drain=self._drain,
                    metrics=CallMetrics(self._registry),
                    receiver=self._receiver,
                )
            ],
            options=[
                ("grpc.max_receive_message_length", settings.max_message_bytes),
                ("grpc.max_send_message_length", settings.max_message_bytes),
                ("grpc.so_reuseport", 0),
                ("grpc.server.max_pending_requests", settings.max_pending_calls),
                ("grpc.server.max_pending_requests_hard_limit", settings.max_pending_calls),
                # Clients that keep a channel open may ping every ten seconds.
                ("grpc.http2.min_recv_ping_interval_without_data_ms", 10_000),
                ("grpc.keepalive_permit_without_calls", 1),
            ],
        )
        summarization_service_pb2_grpc.add_SummarizationServiceServicer_to_server(
            self._summarization, self._server
        )
        translation_service_pb2_grpc.add_TranslationServiceServicer_to_server(
            self._translation, self._server
        )
        model_service_pb2_grpc.add_ModelServiceServicer_to_server(self._models, self._server)
        health_pb2_grpc.add_HealthServicer_to_server(self._health.servicer, self._server)
        if settings.reflection:
            names = (SUMMARIZATION, TRANSLATION, MODELS, health.SERVICE_NAME)
            reflection.enable_server_reflection([*names, reflection.SERVICE_NAME], self._server)
        self.port = await listen(self._server, settings)
        if settings.metrics_port >= 0:
            for collector in (ProcessCollector, PlatformCollector, GCCollector):
                collector(registry=self._registry)
            self._metrics_server, _ = start_http_server(
                settings.metrics_port, settings.metrics_host, self._registry
            )
            self.metrics_port = self._metrics_server.server_port
        await self._health.start(summarization=self._can_summarize())
        await self._server.start()
        self._spawn(LoopLag(self._registry).watch())
        self._spawn(self._turns.watch())
        self._spawn(self._workers.warm_up())
        self._spawn(self._load_models())

    async def stop(self) -> None:
        """Refuse new calls, finish accepted ones within ``drain_s``, fail the rest, free all."""
        log.info("draining", seconds=self.settings.drain_s)
        await self._health.shut_down()
        # Failed calls need a moment to be told; only then does the transport end.
        stopping = asyncio.create_task(self._server.stop(self.settings.drain_s + 5))
        clean = await self._drain.wait(self.settings.drain_s)
        await stopping
        for task in self._background:
            task.cancel()
        await self._pool.close()
        self._workers.close()
        if self._metrics_server is not None:
            self._metrics_server.shutdown()
            self._metrics_server.server_close()
        self.stopped = True
        log.info("stopped", clean=clean)

    def _spawn(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    async def _load_models(self) -> None:
        """Load what is to be preloaded; for good, see what changes and tell health."""
        self._spawn(self._pool.preload(self.settings.preload))
        while True:
            await self._health.translation(self._pool.can(Task.TRANSLATION))
            await self._health.summarization(self._can_summarize())
            if await self._pool.changed(timeout_s=LOOK_PERIOD_S):
                self._turns.freeze()
            # Files are not looked at on the event loop.
            await asyncio.to_thread(self._store.look)

    def _can_summarize(self) -> bool:
        """Whether a call that leaves the method open can be answered now."""
        match self.settings.summary_method:
            case "abstractive":
                return self._pool.can(Task.SUMMARIZATION)
            case "auto":
                return self._pool.preloaded
            case _:
                return True


async def serve(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT, then drain.

    Prints ``listening on HOST:PORT`` when calls are accepted; both ports are in the log by then.
    """
    server = Server(settings)
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for signum in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signum, ended.set)
    await server.start()
    log.info("listening", host=settings.host, port=server.port, metrics_port=server.metrics_port)
    await asyncio.to_thread(logs.settle)
    print(f"listening on {settings.host}:{server.port}", flush=True)
    await ended.wait()
    await server.stop()


def run(settings: Settings) -> int:
    """Run a server in this process; returns the exit code.

    0 after a clean end, 1 when it cannot start: an address in use, a file of the
    settings that cannot be read or used.
    """
    logs.configure(settings.log_level, settings.log_format)
    try:
        asyncio.run(serve(settings))
    except (OSError, CatalogError, SettingsError) as error:
        log.critical("cannot start", reason=str(error))
        return 1
    finally:
        logs.settle()
    return 0


def _tokens(path: Path | None) -> list[str]:
    if path is None:
        return []
    try:
        lines = path.read_text("utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise SettingsError(f"token_file: {path} is not UTF-8") from error
    tokens = [line.strip() for line in lines if line.strip()]
    if not tokens:
        # An empty list would let everybody in.
        raise SettingsError(f"token_file: {path} has no token")
    return tokens
