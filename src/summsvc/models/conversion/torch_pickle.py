"""Interpreter of the pickles in which torch.save describes tensors; it builds nothing else.

It executes the instructions that a dictionary of tensors consists of and refuses all others. It
imports no module and calls no function that a pickle names. Python's own ``pickle.Unpickler``
is not used, since restricted to harmless names it still ends the process on some pickles: a
dictionary key of a million nested tuples overflows the stack when it is hashed.

Format: the module ``pickletools`` of Python's library, and torch/_utils.py and
torch/serialization.py in https://github.com/pytorch/pytorch.
"""

from __future__ import annotations

import io
import math
import pickletools
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

MAX_BYTES = 16 << 20
"""Greatest size of the pickles of a file in bytes. Those of a model of 500 tensors have 70,000."""

MAX_INSTRUCTIONS = 1_000_000
"""Most instructions of a pickle. A tensor takes about 30."""

MAX_DIMENSIONS = 8
"""Most dimensions of a tensor."""

MAX_SIZE = 1 << 31
"""Greatest size of a dimension."""

STORAGE_TYPES: Mapping[str, str] = {
    "FloatStorage": "<f4",
    "HalfStorage": "<f2",
    "BFloat16Storage": "bfloat16",
    "DoubleStorage": "<f8",
    "LongStorage": "<i8",
    "IntStorage": "<i4",
    "ShortStorage": "<i2",
    "CharStorage": "<i1",
    "ByteStorage": "<u1",
    "BoolStorage": "<u1",
}
"""Element types as in ``mapped.view``, by torch's names of the storage classes."""


class FormatError(ValueError):
    """Raised for a file that is damaged or not in a format of torch."""


class PickleError(FormatError):
    """Raised for a pickle that is damaged or describes anything but tensors."""


@dataclass(frozen=True, slots=True)
class Storage:
    """Numbers in a file. type: a value of ``STORAGE_TYPES``. count: of numbers."""

    type: str
    key: str
    count: int


@dataclass(frozen=True, slots=True)
class Tensor:
    """A view of a storage, within its bounds. offset, strides: in numbers."""

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


class _Name(Enum):
    """The functions that a pickle may name."""

    REBUILD_TENSOR = "torch._utils _rebuild_tensor_v2"
    ORDERED_DICT = "collections OrderedDict"


@dataclass(frozen=True, slots=True)
class _StorageType:
    type: str


_MARK = object()
_CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False, "EMPTY_TUPLE": ()}
_LITERALS = ("BININT", "BININT1", "BININT2", "LONG1", "BINUNICODE", "BINFLOAT")
_TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}


def load(stream: io.BytesIO) -> dict[str, Tensor]:
    """The tensors, by name, that the pickle at the position of a stream describes.

    The stream is then at the end of the pickle. Raises PickleError for everything but a
    dictionary of tensors. Takes time and memory linear in the length of the pickle.
    """
    value = load_value(stream)
    if not isinstance(value, dict):
        raise PickleError("it does not describe a dictionary of tensors")
    found: dict[str, Tensor] = {}
    for name, tensor in value.items():
        if not isinstance(tensor, Tensor):
            raise PickleError(f"'{name[:80]}' is no tensor")
        found[name] = tensor
    return found


def load_value(stream: io.BytesIO) -> object:
    """The value of any pickle without forbidden instructions, otherwise as ``load``.

    It may contain itself: do not compare or print it before its type is known.
    """
    machine = _Machine()
    try:
        for opcode, argument, _ in pickletools.genops(stream):
            machine.execute(opcode.name, argument)
    except PickleError:
        raise
    except (ValueError, LookupError, TypeError, OverflowError, MemoryError) as error:
        raise PickleError("it is damaged") from error
    if len(machine.stack) != 1:
        raise PickleError("it does not describe one value")
    return machine.stack[0]


class _Machine:
    """The stack and the memo of a pickle.

    Values are None, numbers, strings, tuples, lists, dictionaries with strings as keys, and
    the classes of this module.
    """

    def __init__(self) -> None:
        self.stack: list[object] = []
        self._memo: dict[int, object] = {}
        self._executed = 0

    def execute(self, name: str, argument: object) -> None:
        """Execute one instruction; raises PickleError when it is not allowed."""
        self._executed += 1
        if self._executed > MAX_INSTRUCTIONS:
            raise PickleError(f"it has more than {MAX_INSTRUCTIONS:,} instructions")
        stack = self.stack
        if name in _CONSTANTS:
            stack.append(_CONSTANTS[name])
        elif name in _LITERALS:
            stack.append(argument)
        elif name in ("BINPUT", "LONG_BINPUT"):
            assert isinstance(argument, int)
            self._memo[argument] = stack[-1]
        elif name in ("BINGET", "LONG_BINGET"):
            assert isinstance(argument, int)
            stack.append(self._memo[argument])
        elif name in _TUPLES:
            count = _TUPLES[name]
            stack[-count:] = [tuple(stack[-count:])]
        elif name == "TUPLE":
            stack.append(tuple(self._pop_to_mark()))
        elif name == "MARK":
            stack.append(_MARK)
        elif name == "EMPTY_DICT":
            stack.append({})
        elif name == "EMPTY_LIST":
            stack.append([])
        elif name == "APPEND":
            self._append([stack.pop()])
        elif name == "APPENDS":
            self._append(self._pop_to_mark())
        elif name == "SETITEM":
            value, key = stack.pop(), stack.pop()
            self._set_items([key, value])
        elif name == "SETITEMS":
            self._set_items(self._pop_to_mark())
        elif name == "GLOBAL":
            stack.append(_named(str(argument)))
        elif name == "BINPERSID":
            stack.append(_storage(stack.pop()))
        elif name == "REDUCE":
            arguments, function = stack.pop(), stack.pop()
            stack.append(_call(function, arguments))
        elif name == "BUILD":
            # The state of a dictionary is its metadata: versions of torch's modules.
            stack.pop()
            if not isinstance(stack[-1], dict):
                raise PickleError("it sets the state of something other than a dictionary")
        elif name == "PROTO":
            if argument != 2:
                raise PickleError(f"it has the pickle protocol {argument}; torch writes 2")
        elif name != "STOP":
            raise PickleError(f"it has the instruction {name}, which no tensor needs")

    def _pop_to_mark(self) -> list[object]:
        """The values above the last mark; removes them and the mark."""
        found: list[object] = []
        while (value := self.stack.pop()) is not _MARK:
            found.append(value)
        return found[::-1]

    def _append(self, values: list[object]) -> None:
        target = self.stack[-1]
        if not isinstance(target, list):
            raise PickleError("it appends to something other than a list")
        target.extend(values)

    def _set_items(self, items: list[object]) -> None:
        target = self.stack[-1]
        if not isinstance(target, dict):
            raise PickleError("it sets items of something other than a dictionary")
        for key, value in zip(items[::2], items[1::2], strict=True):
            if type(key) is not str:
                raise PickleError("it has a dictionary key that is no string")
            target[key] = value


def _named(name: str) -> object:
    module, _, own = name.partition(" ")
    if module == "torch" and own in STORAGE_TYPES:
        return _StorageType(STORAGE_TYPES[own])
    try:
        return _Name(name)
    except ValueError:
        raise PickleError(f"it names '{name[:80]}', which no tensor needs") from None


def _storage(id: object) -> Storage:
    match id:
        case ("storage", _StorageType(type=type_), str(key), str(), int(count), *view):
            # The legacy format has a sixth part, for views that torch no longer writes.
            if count >= 0 and view in ([], [None]):
                return Storage(type_, key, count)
    raise PickleError("it refers to something other than a storage")


def _call(function: object, arguments: object) -> object:
    match function, arguments:
        case _Name.ORDERED_DICT, ():
            return {}
        case (
            _Name.REBUILD_TENSOR,
            (Storage() as storage, int(offset), tuple(shape), tuple(strides), bool(), *_),
        ):
            return _tensor(storage, offset, shape, strides)
    raise PickleError("it calls something other than the construction of a tensor")


def _tensor(
    storage: Storage, offset: int, shape: tuple[object, ...], strides: tuple[object, ...]
) -> Tensor:
    """A tensor whose numbers are all inside its storage and not more than the storage has."""
    sizes = [size for size in shape if type(size) is int and 0 <= size <= MAX_SIZE]
    steps = [step for step in strides if type(step) is int and step >= 0]
    if not len(sizes) == len(shape) == len(steps) == len(strides) <= MAX_DIMENSIONS:
        raise PickleError("it has a tensor with an impossible shape")
    # The stride of a dimension of size 1 has no effect, and may be any number.
    steps = [step if size > 1 else 0 for size, step in zip(sizes, steps, strict=True)]
    count = math.prod(sizes)
    last = offset + sum((size - 1) * step for size, step in zip(sizes, steps, strict=True))
    inside = offset >= 0 and (last < storage.count if count else offset <= storage.count)
    if count > storage.count or not inside:
        raise PickleError("it has a tensor that exceeds its storage")
    return Tensor(storage, offset, tuple(sizes), tuple(steps))
