"""The one place where the service is put together, started and ended."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from threading import Thread
from typing import Any

import grpc
import structlog
from grpc_health.v1 import health, health_pb2_grpc
from grpc_reflection.v1alpha import reflection
from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.gc_collector import GCCollector
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

from summsvc.articles.language import known_languages
from summsvc.config import Settings, SettingsError
from summsvc.cores import cores
from summsvc.engines.base import Task
from summsvc.languages import registry as languages
from summsvc.models.catalog import Catalog, CatalogError
from summsvc.models.routes import Routes
from summsvc.models.store.store import Store
from summsvc.scheduling.admission.admission import QueueLimits
from summsvc.scheduling.pool.pool import ModelPool
from summsvc.server.codec.deserialize import Receiver
from summsvc.server.codec.from_proto import RequestReader
from summsvc.server.interceptors import CallInterceptor
from summsvc.server.runtime import logs
from summsvc.server.runtime.drain import Drain
from summsvc.server.runtime.gc_policy import Turns
from summsvc.server.runtime.metrics import CallMetrics, LogMetrics, LoopLag
from summsvc.server.runtime.shutdown import FREE_S, drain_and_close, ends
from summsvc.server.runtime.signals import Signals
from summsvc.server.security.credentials import Credentials
from summsvc.server.security.reloading import Reloader
from summsvc.server.security.tokens import Tokens
from summsvc.server.services.health import MODELS, SUMMARIZATION, TRANSLATION, Health
from summsvc.server.services.models import ModelServicer
from summsvc.server.services.summarization import SummarizationServicer
from summsvc.server.services.translation import TranslationServicer
from summsvc.server.transport import probes
from summsvc.server.transport.arrivals import Arrivals
from summsvc.server.transport.listener import listen
from summsvc.tasks.pipeline.router import Router
from summsvc.tasks.pipeline.text_workers import TextWorkers
from summsvc.tasks.quality.check_cache import Checks
from summsvc.tasks.summarization.summarizer import Summarizer
from summsvc.tasks.translation.translator import Translator
from summsvc.v1 import (
    model_service_pb2_grpc,
    summarization_service_pb2_grpc,
    translation_service_pb2_grpc,
)

log = structlog.get_logger("summsvc.server")

STORE_REFRESH_S = 1.0
"""How often the models' folder is looked at: as late may it be seen that one is gone."""

LEAVE_S = 0.1
"""How long a process whose time is up waits for its log to be read."""


class Server:
    """The service on one event loop, with the language rules of the whole process.

    ``port``, ``health_port`` and ``metrics_port`` are the bound ports, once started.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.port = 0
        self.health_port = self.metrics_port = -1
        self.stopped = False
        self._started = time.monotonic()
        self._registry = CollectorRegistry()
        self._registry.register(LogMetrics())
        self._drain = Drain()
        self._arrivals = Arrivals()
        self._health = Health()
        self._turns = Turns(idle=self._drain.idle)
        self._metrics_server: Any = None
        self._probes: grpc.aio.Server | None = None
        self._background: set[asyncio.Task[None]] = set()
        self._tokens = Tokens(settings.token_file)
        self._credentials = Credentials.of(settings)
        self._reloader = Reloader([self._tokens, self._credentials])
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
        try:
            languages.use(languages.load(settings.languages_dir, known=known_languages()))
        except languages.LanguageFileError as error:
            raise SettingsError(f"languages_dir: {error}") from error
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
        """Listen, and load models in the background.

        Raises OSError for a port in use, SettingsError for a file that cannot be used.
        """
        settings = self.settings
        self._reloader.load()
        await asyncio.to_thread(self._store.look)
        self._server = grpc.aio.server(
            interceptors=[
                CallInterceptor(
                    tokens=self._tokens,
                    drain=self._drain,
                    metrics=CallMetrics(self._registry),
                    receiver=self._receiver,
                    arrivals=self._arrivals,
                )
            ],
            options=[
                ("grpc.max_receive_message_length", settings.max_message_bytes),
                ("grpc.max_send_message_length", settings.max_message_bytes),
                ("grpc.so_reuseport", 0),
                ("grpc.max_concurrent_streams", settings.max_streams_per_connection),
                # On, it refuses streams of clients within the limit: those just ended still count.
                ("grpc.http.overload_protection", 0),
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
        self.port = await listen(self._server, settings, self._credentials)
        if settings.metrics_port >= 0:
            for collector in (ProcessCollector, PlatformCollector, GCCollector):
                collector(registry=self._registry)
            self._metrics_server, _ = start_http_server(
                settings.metrics_port, settings.metrics_host, self._registry
            )
            self.metrics_port = self._metrics_server.server_port
        await self._health.start(summarization=self._can_summarize())
        await self._server.start()
        if settings.health_port >= 0:
            self._probes, self.health_port = await probes.start(settings, self._health.servicer)
        self._spawn(self._reloader.watch())
        self._spawn(LoopLag(self._registry).watch())
        self._spawn(self._turns.watch())
        self._spawn(self._workers.warm_up())
        self._spawn(self._load_models())

    def reload(self) -> None:
        """Have files of the settings that may change be read again now."""
        self._reloader.ask()

    async def stop(self) -> bool:
        """Refuse new calls, finish accepted ones within ``drain_s``, fail the rest, free all.

        True when it was clean, see ``drain_and_close``.
        """
        log.info("draining", seconds=self.settings.drain_s)
        clean = await drain_and_close(
            self._server,
            drain=self._drain,
            health=self._health,
            workers=self._workers,
            pool=self._pool,
            seconds=self.settings.drain_s,
        )
        if self._probes is not None:
            await self._probes.stop(None)
        for task in self._background:
            task.cancel()
        if self._metrics_server is not None:
            # It looks for the end of its work every half second only.
            Thread(target=self._end_metrics, daemon=True).start()
        self.stopped = True
        return clean

    def _end_metrics(self) -> None:
        self._metrics_server.shutdown()
        self._metrics_server.server_close()

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
            if await self._pool.changed(timeout_s=STORE_REFRESH_S):
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
    """Serve until SIGTERM or SIGINT, then drain. SIGHUP reads files again.

    Prints ``listening on HOST:PORT`` when calls are accepted; both ports are in the log by then.
    Does not return: Python would wait for threads that may never end, see ``leave``.
    """
    signals = Signals(settings.drain_s, leave)
    server = Server(settings)
    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, server.reload)
    await server.start()
    log.info(
        "listening",
        host=settings.host,
        port=server.port,
        health_port=server.health_port,
        metrics_port=server.metrics_port,
    )
    await asyncio.to_thread(logs.settle)
    print(f"listening on {settings.host}:{server.port}", flush=True)
    await signals.first.wait()
    until = time.monotonic() + settings.drain_s
    clean = await server.stop()
    # Threads that look at the store: a disk may not answer.
    clean = clean and await ends(asyncio.get_running_loop().shutdown_default_executor(), FREE_S)
    log.info("stopped", clean=clean)
    leave(0 if clean else 1, until - time.monotonic())


def leave(code: int, patience_s: float = 0.0) -> None:
    """End this process now, whatever its threads do.

    patience_s: how long the log may take to be read, if longer than ``LEAVE_S``.
    """
    logs.settle(max(LEAVE_S, patience_s))
    os._exit(code)


def run(settings: Settings) -> int:
    """Run a server in this process, and end the process with it.

    Exit codes: 0 after a clean end, 1 after any other one; 128 and its number after a
    second signal. Returns 1 when it cannot start: an address in use, a file of the
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
