"""Everything that summsvc refuses or fails to do, as one tree.

    SummsvcError
    ├── InvalidInputError              the request can never succeed as it is
    │   ├── InvalidFieldError            a field is out of its documented range
    │   ├── EmptyArticleError            no letter or digit in title and body
    │   ├── TextTooLongError             a text is over its limit
    │   ├── LanguageUnknownError         a code that names no supported language
    │   ├── LanguageUndeterminedError    too little text to tell the language
    │   ├── UnsupportedPairError         no model can serve these languages
    │   ├── UnknownModelError            no model of that id for this task
    │   └── MalformedRequestError        bytes that are not the message they should be
    ├── ModelUnavailableError          the operator has to do something first
    │   ├── ModelNotInstalledError       known, but not on this machine
    │   └── ModelBrokenError             on this machine, but refused or failed to load
    │       └── ConversionError            converted, it does something else: not installed
    ├── NotReadyError                  try again, here or elsewhere
    │   ├── LoadingError                 a model is still being loaded
    │   ├── EngineStalledError           a model stopped answering
    │   └── DrainingError                the server is shutting down
    ├── OverloadedError                the queue is full
    ├── DeadlineError                  the deadline passed or cannot be met
    ├── UnauthenticatedError           no token, or a wrong one
    ├── UnknownMethodError             the server offers no such method
    └── EngineError                    the model failed on this input

Every class has a ``reason``: the stable upper-case word clients receive in
``google.rpc.ErrorInfo.reason``. ``server/codec/status.py`` maps the tree to gRPC
statuses; nothing else does.
"""

from __future__ import annotations

from collections.abc import Mapping


class SummsvcError(Exception):
    """Base of all errors that summsvc raises on purpose.

    message: one or two sentences for a person: what is wrong and what to do.
    field: path of the request field at fault as in the proto file, for example
        ``article.body``; empty when it is not about one field.
    metadata: facts for programs, for example ``{"limit": "1000000"}``.
    retry_after: seconds after which trying again makes sense; None when unknown.
    detail: what a library said, which may name files or quote a text. For the
        command line and those who run the server; no client is ever told.
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
    reason = "INVALID_INPUT"


class InvalidFieldError(InvalidInputError):
    reason = "INVALID_FIELD"


class EmptyArticleError(InvalidInputError):
    reason = "EMPTY_ARTICLE"


class TextTooLongError(InvalidInputError):
    reason = "TEXT_TOO_LONG"


class LanguageUnknownError(InvalidInputError):
    reason = "LANGUAGE_UNKNOWN"


class LanguageUndeterminedError(InvalidInputError):
    reason = "LANGUAGE_UNDETERMINED"


class UnsupportedPairError(InvalidInputError):
    reason = "UNSUPPORTED_PAIR"


class UnknownModelError(InvalidInputError):
    reason = "UNKNOWN_MODEL"


class MalformedRequestError(InvalidInputError):
    reason = "MALFORMED_REQUEST"


class ModelUnavailableError(SummsvcError):
    reason = "MODEL_UNAVAILABLE"


class ModelNotInstalledError(ModelUnavailableError):
    reason = "MODEL_NOT_INSTALLED"


class ModelBrokenError(ModelUnavailableError):
    reason = "MODEL_BROKEN"


class ConversionError(ModelBrokenError):
    """Raised while installing; no client of a server ever meets it."""


class NotReadyError(SummsvcError):
    reason = "NOT_READY"


class LoadingError(NotReadyError):
    reason = "MODEL_LOADING"


class EngineStalledError(NotReadyError):
    reason = "ENGINE_STALLED"


class DrainingError(NotReadyError):
    reason = "DRAINING"


class OverloadedError(SummsvcError):
    reason = "OVERLOADED"


class DeadlineError(SummsvcError):
    reason = "DEADLINE"


class UnauthenticatedError(SummsvcError):
    reason = "UNAUTHENTICATED"


class UnknownMethodError(SummsvcError):
    reason = "UNKNOWN_METHOD"


class EngineError(SummsvcError):
    reason = "ENGINE_FAILED"
