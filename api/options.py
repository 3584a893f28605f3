"""Options of a command as the fields of a dataclass, for commands that have many."""

import inspect
from collections.abc import Callable
from dataclasses import MISSING, Field, fields
from typing import Any, TypeVar, get_type_hints

__all__ = ["command_of"]

Options = TypeVar("Options")


def command_of(run: Callable[[Options], None], kind: type[Options]) -> Callable[..., None]:
    """Make a command whose parameters are the fields of a frozen dataclass, in their order.

    Args:
        run: what it does; its name and docstring are the command's.
        kind: the dataclass, its fields annotated as a command's parameters are.
    """

    def command(**values: Any) -> None:  # Any: what typer parsed
        run(kind(**values))

    hints = get_type_hints(kind, include_extras=True)
    command.__name__ = run.__name__
    command.__doc__ = run.__doc__
    command.__annotations__ = {each.name: hints[each.name] for each in _fields(kind)} | {"return": None}
    command.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [
            inspect.Parameter(
                each.name,
                inspect.Parameter.KEYWORD_ONLY,
                default=inspect.Parameter.empty if each.default is MISSING else each.default,
                annotation=hints[each.name],
            )
            for each in _fields(kind)
        ]
    )
    return command


def _fields(kind: type[object]) -> tuple[Field[Any], ...]:  # Any: of whatever types
    return fields(kind)  # type: ignore[arg-type]  # a dataclass
