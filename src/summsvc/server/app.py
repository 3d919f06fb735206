"""Composition of the service: creates all parts, connects them, starts and stops them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING

import grpc
import structlog
from grpc_health.v1 import health, health_pb2_grpc
from grpc_reflection.v1alpha import reflection
from prometheus_client import CollectorRegistry

from summsvc.articles.language import known_languages, normalize_code
from summsvc.config import Settings, SettingsError, split_address
from summsvc.engines.load import load as load_engine
from summsvc.errors import LanguageUnknownError
from summsvc.languages import registry as languages
from summsvc.models.catalog import Catalog, CatalogError
from summsvc.models.routes import Routes
from summsvc.models.store.store import Store
from summsvc.scheduling.admission.admission import QueueLimits
from summsvc.scheduling.fairness.callers import CallerLimits
from summsvc.scheduling.pool.model_loader import LoadEngine
from summsvc.scheduling.pool.pool import ModelPool
from summsvc.server.call_steps import CallSteps
from summsvc.server.codec.deserialize import RequestDeserializer
from summsvc.server.codec.from_proto import RequestConverter
from summsvc.server.interceptors import CallInterceptor
from summsvc.server.runtime.active_calls import ActiveCalls
from summsvc.server.runtime.gc_policy import GcPolicy
from summsvc.server.runtime.metrics import CallMetrics, LogMetrics, LoopLag
from summsvc.server.runtime.model_monitor import ModelMonitor
from summsvc.server.runtime.shutdown import THREAD_EXIT_S, TRACES_S, drain_and_close
from summsvc.server.runtime.tracing import create_tracer
from summsvc.server.security.credentials import Credentials
from summsvc.server.security.reloading import Reloader
from summsvc.server.security.tokens import Tokens
from summsvc.server.services.health import (
    MODEL_SERVICE,
    SUMMARIZATION_SERVICE,
    TRANSLATION_SERVICE,
    OnHealthChange,
    ServiceHealth,
)
from summsvc.server.services.models import ModelServicer
from summsvc.server.services.summarization import SummarizationServicer
from summsvc.server.services.translation import TranslationServicer
from summsvc.server.transport.callers import Callers
from summsvc.server.transport.health_server import start_health_server
from summsvc.server.transport.listener import listen, reachable_address, warn_of_plaintext
from summsvc.server.transport.message_reader import MessageReader
from summsvc.server.transport.method_table import MethodTable
from summsvc.server.transport.metrics_endpoint import MetricsEndpoint, register_process_metrics
from summsvc.server.transport.options import call_options, connection_options
from summsvc.tasks.pipeline.metrics import ResultMetrics
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

if TYPE_CHECKING:
    from summsvc.server.web.endpoint import WebEndpoint

log = structlog.get_logger("summsvc.server")


class Server:
    """The complete service in this process, on one event loop.

    The language rules are those of the whole process.
    create_transport: called with ``interceptors`` and ``options``. load: creates engines.
    port, health_port, metrics_port, web_port: the ports that are bound, once started; -1
        for a health, metrics or web port that is off.
    stopped: whether ``stop`` has completed.

    share_port: whether other processes listen on the same port. on_health_change: called with
        the states of the services at each change.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        create_transport: Callable[..., grpc.aio.Server] = grpc.aio.server,
        load: LoadEngine = load_engine,
        share_port: bool = False,
        on_health_change: OnHealthChange = lambda _: None,
    ) -> None:
        self.settings = settings
        self._create_transport = create_transport
        self.port = 0
        self.health_port = self.metrics_port = self.web_port = -1
        self.stopped = False
        self._registry = CollectorRegistry()
        self._registry.register(LogMetrics())
        register_process_metrics(self._registry)
        self._share_port = share_port
        self._active_calls = ActiveCalls()
        self._message_reader = MessageReader(settings.max_receive_s)
        self._health = ServiceHealth(on_health_change)
        self._gc_policy = GcPolicy(idle=self._active_calls.idle)
        self._metrics_endpoint: MetricsEndpoint | None = None
        self._health_server: grpc.aio.Server | None = None
        self._web: WebEndpoint | None = None
        self._background: set[asyncio.Task[None]] = set()
        self._tokens = Tokens(settings.token_file)
        self._credentials = Credentials.from_settings(settings)
        self._metrics_tokens = Tokens(settings.metrics_token_file, "metrics_token_file")
        self._reloader = Reloader([self._tokens, self._credentials, self._metrics_tokens])
        self._workers = TextWorkers(
            settings.text_threads,
            max_title=settings.max_title_code_points,
            max_body=settings.max_body_code_points,
            limits=QueueLimits(
                settings.max_queued_requests, settings.max_queued_code_points, settings.max_wait_s
            ),
            registry=self._registry,
        )
        try:
            catalog = Catalog.load(settings.catalog_file)
        except CatalogError as error:
            raise SettingsError(f"catalog_file: {error}") from error
        try:
            languages.use(languages.load(settings.languages_dir, known=known_languages()))
        except languages.LanguageFileError as error:
            raise SettingsError(f"languages_dir: {error}") from error
        store = Store(settings.model_dir)
        self._pool = ModelPool(store, settings, registry=self._registry, load=load)
        self._monitor = ModelMonitor(settings, store, self._pool, self._health, self._gc_policy)
        self._routes = routes = Routes(
            catalog,
            store,
            pivot=_pivot(settings.pivot_language),
            defaults=settings.default_models,
        )
        router = Router(routes, self._pool)
        # Without a cache of outputs, the results of their checks are not cached either.
        checks = Checks() if settings.cache_bytes else None
        results = ResultMetrics(self._registry)
        translator = Translator(self._workers, router, checks, results)
        summarizer = Summarizer(
            self._workers, router, checks, results, max_sentences=settings.max_summary_sentences
        )
        self._deserializer = RequestDeserializer(settings)
        converter = RequestConverter(settings)
        self._summarization = SummarizationServicer(
            self._deserializer, converter, summarizer, self._workers
        )
        self._translation = TranslationServicer(
            self._deserializer, converter, translator, self._workers
        )
        self._models = ModelServicer(settings, catalog, routes, self._pool)
        # Last: its thread would outlive a constructor that raises.
        self._tracer = create_tracer(settings)

    @property
    def registry(self) -> CollectorRegistry:
        """The registry of all metrics of this server and its process."""
        return self._registry

    async def start(self, *, preload_first: bool = False) -> None:
        """Start to listen and to answer; models load in the background.

        preload_first: load the models of ``preload`` before the server listens.
        Raises OSError for a port in use, SettingsError for a file that cannot be used.
        """
        settings = self.settings
        self._reloader.load()
        await self._monitor.start()
        for languages_served, error in self._routes.unusable_defaults():
            log.warning("default model unusable", languages=languages_served, reason=error.message)
        if preload_first:
            await self._monitor.preload()
        steps = self._create_steps()
        self._server = self._transport(steps)
        self._add_services(self._server)
        self.port = await listen(self._server, settings, self._credentials)
        if settings.web:
            self._web = self._create_web(steps)
            self.web_port = self._web.port
        if settings.metrics_port >= 0:
            self._metrics_endpoint = MetricsEndpoint(
                settings.metrics_host,
                settings.metrics_port,
                self._registry,
                tokens=self._metrics_tokens,
                credentials=self._credentials if settings.metrics_tls else None,
            )
            self.metrics_port = self._metrics_endpoint.port
        await self._server.start()
        await self._verify_tls()
        if settings.health_port >= 0:
            self._health_server, self.health_port = await start_health_server(
                settings, self._health.servicer
            )
        if self._web is not None:
            self._web.start()
        self._spawn(self._reloader.watch())
        self._spawn(LoopLag(self._registry).watch())
        self._spawn(self._gc_policy.apply())
        self._spawn(self._workers.warm_up())
        if not preload_first:
            self._spawn(self._monitor.preload())
        self._spawn(self._monitor.watch())

    async def preloaded(self) -> None:
        """Wait until each model of the setting ``preload`` is loaded or has failed."""
        while not self._pool.preloaded:
            await self._pool.wait_for_change(timeout_s=1.0)

    async def _verify_tls(self) -> None:
        if self._credentials is None:
            return
        address = await reachable_address(self.settings.host)
        try:
            await asyncio.to_thread(self._credentials.policy.verify, address, self.port)
        except SettingsError:
            await self._server.stop(None)
            raise

    def _create_steps(self) -> CallSteps:
        settings = self.settings
        limits = CallerLimits(
            max_calls=settings.max_caller_calls,
            max_queued_tokens=settings.max_caller_queued_tokens,
        )
        return CallSteps(
            callers=Callers(self._tokens, limits),
            calls=self._active_calls,
            metrics=CallMetrics(self._registry),
            max_request_s=settings.max_request_s,
            tracer=self._tracer,
        )

    def _interceptor(self, steps: CallSteps) -> CallInterceptor:
        return CallInterceptor(steps, self._deserializer, self._message_reader)

    def _transport(self, steps: CallSteps) -> grpc.aio.Server:
        settings = self.settings
        return self._create_transport(
            interceptors=[self._interceptor(steps)],
            options=[
                *connection_options(settings, share_port=self._share_port),
                *call_options(settings),
            ],
        )

    def _add_services(self, server: grpc.aio.Server) -> None:
        summarization_service_pb2_grpc.add_SummarizationServiceServicer_to_server(
            self._summarization, server
        )
        translation_service_pb2_grpc.add_TranslationServiceServicer_to_server(
            self._translation, server
        )
        model_service_pb2_grpc.add_ModelServiceServicer_to_server(self._models, server)
        health_pb2_grpc.add_HealthServicer_to_server(self._health.servicer, server)
        if self.settings.reflection:
            names = (SUMMARIZATION_SERVICE, TRANSLATION_SERVICE, MODEL_SERVICE, health.SERVICE_NAME)
            reflection.enable_server_reflection([*names, reflection.SERVICE_NAME], server)

    def _create_web(self, steps: CallSteps) -> WebEndpoint:
        """Create the web page, whose packages are imported for it alone.

        Raises SettingsError if they are not installed, OSError for a port in use.
        """
        try:
            from summsvc.server.web.app import application
            from summsvc.server.web.endpoint import WebEndpoint
            from summsvc.server.web.handlers import JsonHandlers
        except ModuleNotFoundError as error:
            raise SettingsError("web needs the extra: pip install 'summsvc[web]'") from error
        settings = self.settings
        host, port = split_address(settings.web)
        handlers = JsonHandlers(settings, self._deserializer, self._workers)
        methods = MethodTable(interceptors=[self._interceptor(steps), handlers])
        self._add_services(methods)
        facts = {
            "port": self.port,
            "tls": self._credentials is not None,
            "token": self._tokens.required,
        }
        allowed = (host, *settings.web_hosts)
        page = application(methods, settings.max_message_bytes, facts, allowed)
        endpoint = WebEndpoint(page, host, port, self._credentials)
        if self._credentials is None:
            warn_of_plaintext(host, [endpoint.address], tokens=self._tokens.required)
        return endpoint

    @property
    def web_url(self) -> str:
        """Address of the web page for a browser; empty when it is off."""
        if self._web is None:
            return ""
        host = split_address(self.settings.web)[0]
        scheme = "http" if self._credentials is None else "https"
        return f"{scheme}://{f'[{host}]' if ':' in host else host}:{self.web_port}/"

    def reload(self) -> None:
        """Reload certificates and tokens now."""
        self._reloader.request_reload()

    async def stop(self, wait_s: float = 0.0) -> bool:
        """Finish the calls that were accepted, reject new ones, free all; see ``drain_and_close``.

        wait_s: part of ``drain_s`` in which calls are still accepted, after ``drain_delay_s``.
        Returns True for a clean shutdown.
        """
        until = time.monotonic() + self.settings.drain_delay_s + self.settings.drain_s
        log.info("draining", delay=self.settings.drain_delay_s, seconds=self.settings.drain_s)
        clean = await drain_and_close(
            self._server,
            calls=self._active_calls,
            message_reader=self._message_reader,
            health=self._health,
            workers=self._workers,
            pool=self._pool,
            delay_s=self.settings.drain_delay_s + wait_s,
            seconds=self.settings.drain_s - wait_s,
        )
        if self._web is not None:
            await self._web.stop()
        if self._health_server is not None:
            await self._health_server.stop(None)
        for task in self._background:
            task.cancel()
        if self._metrics_endpoint is not None:
            self._metrics_endpoint.stop()
        left_s = max(THREAD_EXIT_S, until - time.monotonic())
        await self._tracer.close(min(TRACES_S, left_s))
        self.stopped = True
        return clean

    def _spawn(self, coroutine: Coroutine[object, object, None]) -> None:
        task = asyncio.create_task(coroutine)
        self._background.add(task)
        task.add_done_callback(self._background.discard)


def _pivot(code: str) -> str:
    """Return the language of the setting ``pivot_language``; raises SettingsError."""
    try:
        return normalize_code(code, field="") if code else ""
    except LanguageUnknownError as error:
        raise SettingsError(f"pivot_language: {error.message}") from error
