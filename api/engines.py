"""Which engine reads files, known to be there before anything is begun."""

from rag.core.errors import InvalidInputError
from rag.core.registry import Family
from rag.core.settings import Settings

__all__ = ["check_engine"]

_SETTING = "GROVE_INGESTION__ENGINE"


def check_engine(settings: Settings, *, given: str | None = None) -> None:
    """Make sure that files can be read by the engine of the option --engine, or else of the settings.

    Raises:
        InvalidInputError: there is no such engine.
        MissingExtraError: it needs a library that is not installed.
    """
    engines = Family("indexing.engines")
    name = given or settings.ingestion.engine
    if name not in (names := engines.names()):
        what = f"{_SETTING} names an engine that there is not: {name!r}"
        if given is not None:
            what = f"there is no --engine {name!r}"
        raise InvalidInputError(f"{what}; choose one of: {', '.join(names)}")
    engines.load(name)
