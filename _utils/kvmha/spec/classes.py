"""Classes of the vocabulary: frozen dataclasses whose methods are shared and not generated.

``dataclass`` generates and compiles six methods for each class. For the vocabulary's many classes
that is half of the time that importing the library takes, and every ``salt-call`` imports it.
"""

from __future__ import annotations

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
    values = self.__dict__
    for field in fields(self):
        if field.name in said:
            values[field.name] = said.pop(field.name)
        elif field.default is not MISSING:
            values[field.name] = field.default
        elif field.default_factory is not MISSING:
            values[field.name] = field.default_factory()
        else:
            raise TypeError(f"{type(self).__name__} needs {field.name}")
    if said:
        raise TypeError(f"{type(self).__name__} has no {', '.join(said)}")


def _repr(self: Any) -> str:
    said = ", ".join(f"{name}={value!r}" for name, value in self.__dict__.items())
    return f"{type(self).__name__}({said})"


def _eq(self: Any, other: Any) -> Any:
    return self.__dict__ == other.__dict__ if type(self) is type(other) else NotImplemented


def _hash(self: Any) -> int:
    return hash(tuple(self.__dict__.values()))


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
