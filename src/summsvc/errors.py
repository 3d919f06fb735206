"""Exception tree of summsvc: every error that the service raises on purpose.

    SummsvcError
    ├── InvalidInputError              the request is invalid; sent again, it fails again
    │   ├── InvalidFieldError            a field has a value outside its documented range
    │   ├── EmptyArticleError            title and body contain no letter and no digit
    │   ├── TextTooLongError             a text exceeds a limit
    │   ├── LanguageUnknownError         the language code is not supported
    │   ├── LanguageUndeterminedError    the text is too short to identify its language
    │   ├── UnsupportedPairError         no model translates between these languages
    │   ├── UnknownModelError            no model has this id and serves this task
    │   └── MalformedRequestError        the bytes are not a valid protobuf message
    ├── ModelUnavailableError          the operator has to act before the model can be used
    │   ├── ModelNotInstalledError       the model is in the catalog but not installed
    │   └── ModelBrokenError             the model is installed but cannot be loaded
    │       └── ConversionError            the converted model differs from its original
    ├── NotReadyError                  temporary; retry, on this server or another one
    │   ├── LoadingError                 the model is still loading
    │   ├── EngineStalledError           the model stopped responding
    │   └── DrainingError                the server is shutting down
    ├── OverloadedError                a queue is full
    │   └── CallerLimitError             the caller has reached a limit of its own
    ├── DeadlineError                  the deadline has passed or cannot be met
    ├── UnauthenticatedError           the bearer token is missing or not accepted
    ├── UnknownMethodError             the server does not implement the RPC method
    └── EngineError                    the model failed on this input
        └── EngineMemoryError            the model had too little memory for this input

Each class has a ``reason``: a stable upper-case identifier that clients receive in
``google.rpc.ErrorInfo.reason``. ``server/codec/status.py`` is the only module that maps
these classes to gRPC statuses.
"""

from __future__ import annotations

from collections.abc import Mapping


class SummsvcError(Exception):
    """Base class of all errors that summsvc raises on purpose.

    message: one or two sentences for a person: what is wrong and what to do.
    field: path of the invalid request field as in the proto file, for example
        ``article.body``; empty when the error does not concern one field.
    metadata: machine-readable facts, for example ``{"limit": "1000000"}``.
    retry_after: seconds to wait before a retry; None when unknown.
    detail: message of a library's own exception, which may name files or quote a text.
        Shown on the command line and to operators; never sent to a client.
    """

    reason = "INTERNAL"

    def __init__(
        self,
        message: str,
        *,
        field: str = "",
        metadata: Mapping[str, str] | None = None,
        retry_after: float | None = None,
        detail: str = "",
    ) -> None:
        super().__init__(f"{message}: {detail}" if detail else message)
        self.message = message
        self.field = field
        self.metadata = dict(metadata or {})
        self.retry_after = retry_after
        self.detail = detail


class InvalidInputError(SummsvcError):
    """Raised for a request that can never succeed as it is; the caller has to change it."""

    reason = "INVALID_INPUT"


class InvalidFieldError(InvalidInputError):
    """Raised for a field outside its documented range; the caller corrects ``field``."""

    reason = "INVALID_FIELD"


class EmptyArticleError(InvalidInputError):
    """Raised when title and body have no letter and no digit; the caller sends a text."""

    reason = "EMPTY_ARTICLE"


class TextTooLongError(InvalidInputError):
    """Raised when a text or a reply exceeds a limit; the caller splits or shortens the text."""

    reason = "TEXT_TOO_LONG"


class LanguageUnknownError(InvalidInputError):
    """Raised for an unsupported language code; the caller uses one from GetServerInfo."""

    reason = "LANGUAGE_UNKNOWN"


class LanguageUndeterminedError(InvalidInputError):
    """Raised when a text is too short to identify; the caller sets ``language_code``."""

    reason = "LANGUAGE_UNDETERMINED"


class UnsupportedPairError(InvalidInputError):
    """Raised when no model serves a language pair; the caller picks one from ListModels."""

    reason = "UNSUPPORTED_PAIR"


class UnknownModelError(InvalidInputError):
    """Raised when no model has this id and task; the caller picks one from ListModels."""

    reason = "UNKNOWN_MODEL"


class MalformedRequestError(InvalidInputError):
    """Raised for bytes that are not the expected message; the caller fixes its encoder."""

    reason = "MALFORMED_REQUEST"


class ModelUnavailableError(SummsvcError):
    """Raised when a model needs action by the operator; retrying does not help."""

    reason = "MODEL_UNAVAILABLE"


class ModelNotInstalledError(ModelUnavailableError):
    """Raised for a known model that is not on this machine; the operator installs it."""

    reason = "MODEL_NOT_INSTALLED"


class ModelBrokenError(ModelUnavailableError):
    """Raised for an installed model that cannot be loaded; the operator reinstalls it."""

    reason = "MODEL_BROKEN"


class ConversionError(ModelBrokenError):
    """Raised during installation, when a converted model differs; clients never receive it."""


class NotReadyError(SummsvcError):
    """Raised for a temporary condition; the caller retries here or on another server."""

    reason = "NOT_READY"


class LoadingError(NotReadyError):
    """Raised while a model is loading; the caller retries later or on another server."""

    reason = "MODEL_LOADING"


class EngineStalledError(NotReadyError):
    """Raised when a model stopped responding; the caller retries on another server."""

    reason = "ENGINE_STALLED"


class DrainingError(NotReadyError):
    """Raised during shutdown; the caller retries on another server."""

    reason = "DRAINING"


class OverloadedError(SummsvcError):
    """Raised when a queue is full; the caller retries after ``retry_after``."""

    reason = "OVERLOADED"


class CallerLimitError(OverloadedError):
    """Raised when a caller reached its own limit; it waits for its calls to end.

    ``metadata`` has ``caller``, its name, and ``limit_name`` and ``limit``, the limit's value.
    """

    reason = "CALLER_LIMIT"


class DeadlineError(SummsvcError):
    """Raised when a deadline has passed or cannot be met; the caller allows more time."""

    reason = "DEADLINE"


class UnauthenticatedError(SummsvcError):
    """Raised without an accepted token; the caller sends a bearer token that is valid."""

    reason = "UNAUTHENTICATED"


class UnknownMethodError(SummsvcError):
    """Raised for an RPC method that does not exist; the caller checks its proto files."""

    reason = "UNKNOWN_METHOD"


class EngineError(SummsvcError):
    """Raised when a model fails on an input; the operator finds the cause in the log."""

    reason = "ENGINE_FAILED"


class EngineMemoryError(EngineError):
    """Raised when one segment alone needs too much memory; the caller retries or sends less."""

    reason = "ENGINE_OUT_OF_MEMORY"
