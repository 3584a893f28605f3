"""Prompts are Markdown files beside this one: front matter names their variables, headings the roles.

Knows the files' form and renders them strictly; what goes in, and whether it is safe, is its caller's.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal, get_args

from rag.core.errors import InvalidInputError
from rag.core.protocols import Message

__all__ = ["Template", "load_prompt", "parse_prompt"]

Role = Literal["system", "user", "assistant"]

_FRONT_MATTER = re.compile(r"---\nvariables:(?P<names>[^\n]*)\n---\n(?P<body>.*)", re.DOTALL)
_SECTION = re.compile(r"^# (\w+)\n", re.MULTILINE)
_VARIABLE = re.compile(r"\{\{(\w+)\}\}")


@dataclass(frozen=True, slots=True)
class Template:
    """A prompt with places for its variables."""

    name: str
    variables: frozenset[str]
    sections: tuple[tuple[Role, str], ...]

    def render(self, values: Mapping[str, str]) -> tuple[Message, ...]:
        """Fill every place once; a value that looks like a place or a heading stays as it is.

        Raises:
            InvalidInputError: a variable is missing, or one is given that the prompt does not declare.
        """
        if set(values) != self.variables:
            raise InvalidInputError(
                f"prompt {self.name!r} takes the variables {', '.join(sorted(self.variables)) or 'none'};"
                f" got {', '.join(sorted(values)) or 'none'}"
            )
        return tuple(
            Message(role, _VARIABLE.sub(lambda match: values[match.group(1)], body))
            for role, body in self.sections
        )


@cache
def load_prompt(name: str) -> Template:
    """Read the prompt of this folder that has this file name.

    Raises:
        InvalidInputError: there is none, or it is malformed.
    """
    folder = Path(__file__).parent
    names = sorted(path.stem for path in folder.glob("*.md"))
    if name not in names:
        raise InvalidInputError(f"there is no prompt {name!r}; choose one of: {', '.join(names)}")
    return parse_prompt(name, (folder / f"{name}.md").read_text(encoding="utf-8"))


def parse_prompt(name: str, source: str) -> Template:
    r"""Read a prompt from its text.

    >>> template = parse_prompt("hello", "---\nvariables: who\n---\n# user\nHello {{who}}!\n")
    >>> template.render({"who": "you"})
    (Message(role='user', content='Hello you!'),)

    Raises:
        InvalidInputError: no front matter, a role that does not exist, no section, or a place for a
            variable that is not declared, or the reverse.
    """
    match = _FRONT_MATTER.fullmatch(source)
    if match is None:
        raise InvalidInputError(f"prompt {name!r} must start with front matter: ---, variables: a, b, ---")
    declared = frozenset(part.strip() for part in match["names"].split(",") if part.strip())
    before, *parts = _SECTION.split(match["body"])
    if before.strip() or not parts:
        raise InvalidInputError(f"prompt {name!r}: the front matter is followed by '# system' or '# user'")
    sections = tuple((_role(name, parts[i]), parts[i + 1].strip()) for i in range(0, len(parts), 2))
    used = {variable for _, body in sections for variable in _VARIABLE.findall(body)}
    if used != declared:
        raise InvalidInputError(
            f"prompt {name!r} declares {', '.join(sorted(declared)) or 'nothing'}"
            f" but uses {', '.join(sorted(used)) or 'nothing'}"
        )
    return Template(name, declared, sections)


def _role(name: str, word: str) -> Role:
    for role in get_args(Role):
        if role == word:
            found: Role = role
            return found
    raise InvalidInputError(
        f"prompt {name!r} has the role {word!r}; roles are: {', '.join(get_args(Role))}"
    )
