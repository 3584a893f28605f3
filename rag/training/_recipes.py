"""The flags of a training command: one for each choice of its recipe."""

import argparse
from collections.abc import Collection, Mapping
from dataclasses import fields
from typing import Any, Literal, TypeVar, cast, get_args, get_origin, get_type_hints

from rag.core.errors import InvalidInputError

__all__ = ["add_choices", "chosen", "listed"]

Recipe = TypeVar("Recipe")  # a dataclass of choices


def add_choices(parser: argparse.ArgumentParser, recipe: type) -> None:
    """Add a flag for each field of a dataclass of choices.

    A field's type says what the flag takes: a number, a word, one of the words of a `Literal`, or as many
    numbers as are wanted for a tuple; its annotation says what it is for.

    Args:
        parser: of the command.
        recipe: a dataclass, each of its fields `Annotated[type, "what it is"]` with a default.
    """
    hints = get_type_hints(recipe, include_extras=True)
    for field in fields(recipe):
        kind, meaning = get_args(hints[field.name])
        parser.add_argument(
            f"--{field.name.replace('_', '-')}",
            default=field.default,
            help=f"{meaning} (default: {_written(field.default)})",
            **_taken(kind),
        )


def chosen(recipe: type[Recipe], options: Mapping[str, Any]) -> Recipe:  # Any: what argparse gives
    """Give the recipe that parsed options say."""
    values = {field.name: options[field.name] for field in fields(cast("Any", recipe))}  # Any: a dataclass
    return recipe(
        **{name: tuple(each) if isinstance(each, list) else each for name, each in values.items()}
    )


def listed(words: str, of: Collection[str], *, by: str = ",") -> list[str]:
    """Give the words that are joined by a mark.

    Raises:
        InvalidInputError: one is not of those that are allowed.

    >>> listed("near, swapped", ("near", "removed", "swapped"))
    ['near', 'swapped']
    """
    found = [word.strip() for word in words.split(by)]
    if wrong := [word for word in found if word not in of]:
        raise InvalidInputError(f"there is no {wrong[0]!r}; name some of {', '.join(of)}, joined by {by}")
    return found


def _taken(kind: Any) -> dict[str, Any]:  # Any: a type, or an alias of one
    if get_origin(kind) is Literal:
        return {"choices": get_args(kind)}
    if get_origin(kind) is tuple:
        return {"type": get_args(kind)[0], "nargs": "+"}
    return {"type": kind}


def _written(default: object) -> str:
    if isinstance(default, tuple):
        return " ".join(map(str, default))
    return "none" if default == "" else str(default)
