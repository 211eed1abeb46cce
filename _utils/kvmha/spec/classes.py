"""Classes of the vocabulary: frozen dataclasses whose methods are shared and not generated.

``dataclass`` generates and compiles six methods for each class. For the vocabulary's many classes
that is half of the time that importing the library takes, and every ``salt-call`` imports it.
"""

from __future__ import annotations

import functools
from dataclasses import MISSING, FrozenInstanceError, dataclass, fields
from typing import TYPE_CHECKING, Any

__all__ = ["vocabulary"]

if TYPE_CHECKING:  # to a type checker it is nothing else
    from dataclasses import dataclass as vocabulary
else:

    def vocabulary(*, frozen):
        """Make a class what ``dataclass(frozen=True)`` makes of it; all fields are keywords."""
        assert frozen

        def made(cls):
            cls = dataclass(init=False, repr=False, eq=False)(cls)
            for name, method in _METHODS.items():
                setattr(cls, name, method)
            return cls

        return made


def _init(self: Any, **said: Any) -> None:
    cls: Any = type(self)
    defaults, factories, required = _fields(cls)
    values = self.__dict__
    values.update(defaults)
    for name, factory in factories.items():
        values[name] = factory()
    if unknown := said.keys() - values.keys() - required:
        raise TypeError(f"{cls.__name__} has no {', '.join(sorted(unknown))}")
    if lacking := required - said.keys():
        raise TypeError(f"{cls.__name__} needs {', '.join(sorted(lacking))}")
    values.update(said)


@functools.cache
def _fields(cls: Any) -> tuple[dict[str, Any], dict[str, Any], set[str]]:
    """Return what fields begin with, what makes their beginnings, and which have none."""
    listed = fields(cls)
    defaults = {one.name: one.default for one in listed if one.default is not MISSING}
    makers = {one.name: one.default_factory for one in listed if one.default_factory is not MISSING}
    return defaults, makers, {one.name for one in listed} - defaults.keys() - makers.keys()


def _repr(self: Any) -> str:
    said = ", ".join(f"{name}={value!r}" for name, value in self.__dict__.items())
    return f"{type(self).__name__}({said})"


def _eq(self: Any, other: Any) -> Any:
    return self.__dict__ == other.__dict__ if type(self) is type(other) else NotImplemented


def _hash(self: Any) -> int:
    return hash(frozenset(self.__dict__.items()))


def _setattr(self: Any, name: str, _value: Any) -> None:
    raise FrozenInstanceError(f"cannot assign to {name} of a {type(self).__name__}")


def _delattr(self: Any, name: str) -> None:
    raise FrozenInstanceError(f"cannot delete {name} of a {type(self).__name__}")


_METHODS = {
    "__init__": _init,
    "__repr__": _repr,
    "__eq__": _eq,
    "__hash__": _hash,
    "__setattr__": _setattr,
    "__delattr__": _delattr,
}
