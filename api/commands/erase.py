"""erase with document, run, conversation and user: removing without a trace."""

from typing import TYPE_CHECKING, Annotated

import typer

from api.console import Console, Home, Json, Tenant
from rag.core.access import SUBJECTS

if TYPE_CHECKING:
    from api.erasing import Erased

__all__ = ["add_commands"]

_erase = typer.Typer(no_args_is_help=True, help="Remove something so that no file holds it any more.")


def add_commands(app: typer.Typer) -> None:
    """Register this group's commands."""
    for command in (document, run, conversation, user):
        _erase.command()(command)
    app.add_typer(_erase, name="erase")


def document(
    document_id: Annotated[str, typer.Argument(help="As `rag documents` prints it.")],
    tenant: Tenant = None,
    home: Home = None,
    json: Json = False,
) -> None:
    """Erase a document, and the questions whose answers or evidence quote it."""
    from api.erasing import erase_document

    console = Console.open(home, json)
    _tell(console, erase_document(console.grove(tenant), document_id))


def run(
    run_id: Annotated[str, typer.Argument(help="As `rag runs` prints it.")],
    tenant: Tenant = None,
    home: Home = None,
    json: Json = False,
) -> None:
    """Erase a question with its answer and its steps."""
    from api.erasing import erase_run

    console = Console.open(home, json)
    _tell(console, erase_run(console.grove(tenant), run_id))


def conversation(
    conversation_id: Annotated[
        str, typer.Argument(help="As the page's address and `GET /api/v1/conversations` have it.")
    ],
    tenant: Tenant = None,
    home: Home = None,
    json: Json = False,
) -> None:
    """Erase a conversation, whoever's it is, with all its questions and answers."""
    from api.erasing import erase_conversation

    console = Console.open(home, json)
    _tell(console, erase_conversation(console.grove(tenant), conversation_id))


def user(
    name: Annotated[str, typer.Argument(help="As it was given to `rag keys create --user`, or key:ID.")],
    tenant: Tenant = None,
    home: Home = None,
    json: Json = False,
) -> None:
    """Erase what somebody has asked and sent, and make the keys invalid; documents stay."""
    from api.erasing import erase_subject

    console = Console.open(home, json)
    subject = name if name.startswith(SUBJECTS) else f"user:{name}"
    _tell(console, erase_subject(console.grove(tenant), subject))


def _tell(console: Console, erased: "Erased") -> None:
    console.result(
        {"documents": erased.documents, "runs": erased.runs, "files": erased.files},
        f"Erased {erased.documents} documents, {erased.runs} questions and {erased.files} files.",
    )
