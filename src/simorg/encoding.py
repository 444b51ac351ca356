"""Values of data classes as JSON, and back again by the types of their fields."""

import types
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import datetime
from functools import cache
from typing import Any, Union, get_args, get_origin, get_type_hints


def encode(value: Any) -> Any:
    """A value as JSON has it; of a data class its fields by name, without those that have their default."""
    if is_dataclass(value) and not isinstance(value, type):
        return {name: encode(found) for name, found in _differing(value).items()}
    if isinstance(value, Mapping):
        return {str(key): encode(one) for key, one in value.items()}
    if isinstance(value, frozenset):
        return sorted(encode(one) for one in value)
    if isinstance(value, tuple | list):
        return [encode(one) for one in value]
    return value.isoformat() if isinstance(value, datetime) else value


def decode(hint: Any, value: Any) -> Any:
    """The value of a type that `encode` made JSON of; fields that the type no longer has are left out."""
    if value is None:
        return None
    if isinstance(hint, type) and is_dataclass(hint):
        known = _hints(hint)
        return hint(**{name: decode(known[name], one) for name, one in value.items() if name in known})
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        possible = [one for one in inner if one is not type(None)]
        return decode(possible[0], value) if len(possible) == 1 else value
    if origin is tuple:
        each = inner[:1] * len(value) if Ellipsis in inner else inner
        return tuple(decode(one, part) for one, part in zip(each, value, strict=True))
    if origin is frozenset:
        return frozenset(decode(inner[0], one) for one in value)
    if isinstance(value, Mapping):
        return {key: decode(inner[1], one) if inner else one for key, one in value.items()}
    return datetime.fromisoformat(value) if hint is datetime else value


def _differing(value: Any) -> dict[str, Any]:
    found = {}
    for one in fields(value):
        own = getattr(value, one.name)
        default = one.default_factory() if one.default_factory is not MISSING else one.default
        if default is MISSING or own != default:
            found[one.name] = own
    return found


@cache
def _hints(made: type) -> dict[str, Any]:
    return get_type_hints(made)
