"""Common steps of every call: metrics, request id, caller, drain, limits, errors, log.

``Call.__aenter__`` runs the steps before the method, ``Call.__aexit__`` the steps after the
method. Their order matters: an unauthenticated caller receives no error about its request.
"""

from __future__ import annotations

import asyncio
import random
import time
from types import TracebackType

import structlog

from summsvc import errors
from summsvc.scheduling.admission.caller_limits import CallsInFlight
from summsvc.scheduling.fairness.turns import TurnGate
from summsvc.server.codec.status import code_of, internal_error, status_of, trailing_metadata
from summsvc.server.runtime.active_calls import ActiveCalls, CallInfo
from summsvc.server.runtime.metrics import CallMetrics
from summsvc.server.transport.callers import Callers, set_current_caller
from summsvc.server.transport.handlers import Context
from summsvc.tracing import NO_SPAN, Span, Tracer, set_current

log = structlog.get_logger("summsvc.calls")

OPEN_SERVICES = ("/grpc.health.v1.Health/",)
"""Services that need no token: orchestrators probe them without one."""

IDLE_STREAM_SERVICES = ("/grpc.reflection.",)
"""Services whose streams stay open while the client sends nothing."""

REQUEST_ID_KEY = "x-request-id"
"""Metadata key of the request id, in requests and responses."""

MAX_REQUEST_ID_LENGTH = 128
"""Longest request id in characters that is taken over from a caller."""


class CallSteps:
    """State that all calls share: callers, active calls, metrics and admission gates.

    in_flight: calls of each caller that were admitted and have not ended. starts: the gate of
    the starts of calls. responses: the gate of the messages of response streams.
    max_request_s: seconds after which a call is ended; 0: never. tracer: starts the spans of calls.
    """

    def __init__(
        self,
        *,
        callers: Callers,
        calls: ActiveCalls,
        metrics: CallMetrics,
        max_request_s: float,
        tracer: Tracer | None = None,
    ) -> None:
        self.callers = callers
        self.max_request_s = max_request_s
        self.calls = calls
        self.metrics = metrics
        self.tracer = tracer or Tracer()
        self.in_flight = CallsInFlight()
        self.starts = TurnGate()
        self.responses = TurnGate()


class Call:
    """Context manager of one call: runs the steps before and after the method."""

    def __init__(self, steps: CallSteps, method: str, request: object, context: Context) -> None:
        self._steps = steps
        self._method = method
        # Not the request itself: the call would keep its bytes after they are parsed.
        self._error = request if isinstance(request, errors.SummsvcError) else None
        self._context = context
        self._caller = steps.callers.by_address(context)
        self._counted = False
        self._id = request_id_of(context)
        self._started = time.perf_counter()
        self._span: Span = NO_SPAN
        self._admission: Span = NO_SPAN
        self._time_limit = asyncio.timeout(steps.max_request_s or None)

    async def __aenter__(self) -> None:
        self._steps.metrics.started(self._method)
        idle_stream = self._method.startswith(IDLE_STREAM_SERVICES)
        self._steps.calls.add(asyncio.current_task(), CallInfo(self._method, self._id, idle_stream))
        structlog.contextvars.bind_contextvars(request_id=self._id)
        self._start_span()
        self._context.set_trailing_metadata(((REQUEST_ID_KEY, self._id),))
        try:
            if not self._method.startswith(OPEN_SERVICES):
                self._caller = self._steps.callers.by_token(self._context, self._caller)
            set_current_caller(self._caller)
            self._span.set(caller=self._caller.label)
            if self._error is not None:
                raise self._error
            self._steps.calls.raise_if_draining()
            self._steps.in_flight.start(self._caller)
            self._counted = True
        except errors.SummsvcError as error:
            await self._fail(error)
        await self._time_limit.__aenter__()
        try:
            await self._steps.starts.admit(self._caller)
            self._admission.end()
        except asyncio.CancelledError as error:
            # Python calls __aexit__ only for a block that was entered.
            await self.__aexit__(type(error), error, None)
            raise

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            await self._time_limit.__aexit__(kind, error, traceback)
        except TimeoutError:
            if error is not None:
                error.__traceback__ = None
            error = self._timed_out()
        unexpected = isinstance(error, Exception) and not isinstance(error, errors.SummsvcError)
        if unexpected:
            log.error("failed", method=self._method, exc_info=error)
        # gRPC keeps a call's error until the next call, and its traceback keeps the article.
        del traceback
        if error is not None:
            error.__traceback__ = error.__context__ = error.__cause__ = None
        calls = self._steps.calls
        if isinstance(error, errors.SummsvcError):
            await self._fail(error)
        elif unexpected:
            await self._fail(internal_error())
        elif isinstance(error, asyncio.CancelledError) and calls.was_cancelled(
            asyncio.current_task()
        ):
            await self._fail(calls.draining_error())
        elif error is None:
            await self._may_answer()
            self._finish("OK")
        else:
            self._finish("CANCELLED")

    def _start_span(self) -> None:
        self._span = self._steps.tracer.start_call(self._method, self._context.invocation_metadata)
        set_current(self._span)
        if self._span.recording:
            self._span.set(request_id=self._id)
            self._admission = self._span.child("admission")
            structlog.contextvars.bind_contextvars(trace_id=self._span.trace_id)

    def _timed_out(self) -> errors.DeadlineError:
        limit = f"{self._steps.max_request_s:g}"
        return errors.DeadlineError(
            f"the call took longer than {limit} s, the limit of this server; send less text in one "
            "request",
            metadata={"limit": limit},
        )

    async def _may_answer(self) -> None:
        """Wait until the call may end; it may be cancelled meanwhile."""
        try:
            await self._steps.calls.may_answer()
        except asyncio.CancelledError:
            self._finish("CANCELLED")
            raise

    async def _fail(self, error: errors.SummsvcError) -> None:
        """End the call with the status of an error; raises gRPC's AbortError."""
        await self._may_answer()
        code = code_of(error)
        self._admission.end(error)
        self._finish(code.name, reason=error.reason, field=error.field)
        details = trailing_metadata(status_of(error, self._id))
        await self._context.abort(code, error.message, ((REQUEST_ID_KEY, self._id), details))

    def _finish(self, code: str, **facts: str) -> None:
        """Count and log the end of the call. facts: further log fields, unless empty."""
        if self._counted:
            # Before the reply is sent: its caller may start the next call at once.
            self._counted = False
            self._steps.in_flight.end(self._caller)
        seconds = time.perf_counter() - self._started
        reason, exemplar = facts.get("reason", ""), self._span.exemplar
        self._steps.metrics.finished(self._method, code, seconds, reason, exemplar)
        self._steps.metrics.count_caller(self._caller.label, code, reason)
        self._admission.end()
        self._span.end_call(code, reason)
        known = {key: value for key, value in facts.items() if value}
        log.info(
            "call",
            method=self._method,
            caller=self._caller.name,
            code=code,
            ms=round(seconds * 1000, 2),
            **known,
        )
        structlog.contextvars.unbind_contextvars("request_id", "trace_id")


def request_id_of(context: Context) -> str:
    """Return the caller's id if it is a short printable ASCII string, else a new one."""
    given = dict(context.invocation_metadata() or ()).get(REQUEST_ID_KEY)
    if (
        isinstance(given, str)
        and 0 < len(given) <= MAX_REQUEST_ID_LENGTH
        and given.isascii()
        and given.isprintable()
    ):
        return given
    # Not a secret: the system's random generator would cost a system call.
    return f"{random.getrandbits(128):032x}"
