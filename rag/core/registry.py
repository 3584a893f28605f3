"""Families of interchangeable parts, each part one file found by its name.

A family is a package; a part is a module of it whose `__all__` names one class. Listing imports
nothing. Modules that start with an underscore are helpers. Other distributions add parts with an
entry point whose group is the package's name.
"""

import importlib
import inspect
import json
import pkgutil
import sys
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any, get_args

from rag.core.errors import InvalidInputError, MissingExtraError, UnknownPluginError

__all__ = ["Family", "checked_names"]


@dataclass(frozen=True, slots=True)
class Family:
    """The parts of one package, by file name."""

    package: str

    def names(self) -> list[str]:
        """List what can be loaded, sorted, without importing any of it."""
        path = importlib.import_module(self.package).__path__
        own = {module.name for module in pkgutil.iter_modules(path) if not module.name.startswith("_")}
        return sorted(own | {point.name for point in _points(self.package, tuple(sys.path))})

    def load(self, name: str) -> type[Any]:  # Any: the caller knows the family's protocol
        """Import the named part and give its class.

        Raises:
            UnknownPluginError: the family has no such part.
            MissingExtraError: the part needs a library that is not installed.
        """
        if name not in self.names():
            choices = ", ".join(self.names())
            raise UnknownPluginError(f"{self.package} has no {name!r}; choose one of: {choices}")
        for point in _points(self.package, tuple(sys.path)):
            if point.name == name:
                loaded: type[Any] = point.load()
                return loaded
        module = self.helper(name)
        assert len(module.__all__) == 1, f"{module.__name__}.__all__ must name exactly one class"
        part: type[Any] = getattr(module, module.__all__[0])
        return part

    def build(
        self,
        name: str,
        options: Mapping[str, object],
        supply: Callable[[str, object], object],
        *,
        filled: Collection[str] = (),
    ) -> Any:  # Any: as `load`
        """Build the named part.

        Args:
            name: of the part.
            options: by parameter; text is read as JSON where the parameter takes no text, since a variable
                of the environment, `GROVE_GENERATOR__OPTIONS__MAX_BATCH=4`, holds nothing else.
            supply: (parameter, its option or None) -> its argument, None for the part's own default.
            filled: parameters that `supply` fills by their names: no error offers them as options.

        Raises:
            UnknownPluginError: the family has no such part.
            InvalidInputError: an option that the part does not take, or a value it refuses.
        """
        kind = self.load(name)
        parameters = inspect.signature(kind).parameters
        if unknown := sorted(set(options) - set(parameters)):
            taken = ", ".join(each for each in parameters if each not in filled)
            raise InvalidInputError(
                f"{name} of {self.package} takes no option {', '.join(unknown)};"
                f" it takes: {taken or 'none'}"
            )
        supplied = {
            each: supply(each, _read(options.get(each), parameter.annotation))
            for each, parameter in parameters.items()
        }
        missing = [
            each
            for each, parameter in parameters.items()
            if parameter.default is parameter.empty and supplied[each] is None
        ]
        if missing:
            raise InvalidInputError(
                f"{name} of {self.package} needs the options {', '.join(missing)}: give them where the"
                " settings name it (docs/settings.md)"
            )
        try:
            return kind(**{each: value for each, value in supplied.items() if value is not None})
        except (TypeError, ValueError) as error:
            raise InvalidInputError(f"{name} of {self.package}: {error}") from error

    def helper(self, name: str) -> Any:  # Any: a module
        """Import a module of the family, a part or what parts share.

        Raises:
            MissingExtraError: it needs a library that is not installed.
        """
        try:
            return importlib.import_module(f"{self.package}.{name}")
        except ModuleNotFoundError as error:
            raise MissingExtraError(
                f"{self.package}.{name} needs the library {error.name!r}, which is not installed;"
                " docs/dependencies.md names the extra that brings it"
            ) from error


@cache
def _points(group: str, path: tuple[str, ...]) -> tuple[EntryPoint, ...]:
    # Read once: it opens a file of every installed distribution, 10 ms that each question would pay.
    return tuple(entry_points(group=group))


def _read(option: object, annotation: object) -> object:
    if not isinstance(option, str) or str in (annotation, *get_args(annotation)):
        return option
    try:
        return json.loads(option)
    except ValueError:  # the name of a part or of a choice: what takes it says which there are
        return option


def checked_names(option: object) -> list[str]:
    """Give the names of parts that an option lists.

    Raises:
        InvalidInputError: it is not a list of names.
    """
    if not isinstance(option, list | tuple) or not all(isinstance(name, str) for name in option):
        raise InvalidInputError(f'"retrievers" takes a list of names, got {option!r:.80}')
    return list(option)
