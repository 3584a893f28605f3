"""What `--help` says is what was written: nothing of it is taken for markup."""

from collections.abc import Iterator

import typer
from rich.text import Text
from typer.core import TyperCommand, TyperGroup

from api.cli import app


def commands(command: TyperCommand | TyperGroup) -> Iterator[TyperCommand | TyperGroup]:
    yield command
    for part in command.commands.values() if isinstance(command, TyperGroup) else ():
        assert isinstance(part, TyperCommand | TyperGroup)
        yield from commands(part)


def test_no_help_loses_words_to_markup() -> None:
    root = typer.main.get_command(app)
    assert isinstance(root, TyperGroup)
    texts = [
        text
        for command in commands(root)
        for text in (command.help, *(getattr(option, "help", None) for option in command.params))
        if text
    ]
    assert len(texts) > 200
    assert [text for text in texts if Text.from_markup(text).plain != text] == []
