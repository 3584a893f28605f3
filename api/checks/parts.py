"""Checks of Grove's own parts: store, index, trained heads, encoder, the carried language model."""

from api.checks._outcome import Outcome
from rag.compose import Grove
from rag.core.errors import DamagedSegmentError, SegmentGoneError
from rag.core.settings import Settings
from rag.db.session import look_at

__all__ = ["encoder", "heads", "index", "language_model", "store"]


def store(settings: Settings) -> Outcome:
    """Find whether what keeps the vectors can be loaded."""
    kind = settings.resolved_store.kind
    if not look_at(settings.resolved_database).is_current and kind == "pgvector":
        return "warning", f"{kind} was not tried: the database is not there yet", ""
    durable = "durable" if Grove(settings).store.capabilities.is_durable else "in memory alone"
    return "ok", f"{kind} loads ({durable})", ""


def index(settings: Settings) -> Outcome:
    """Search each collection once."""
    if not look_at(settings.resolved_database).is_current:
        return "ok", "nothing is indexed yet", ""
    grove = Grove(settings)
    damaged = []
    collections = grove.catalog.collections()
    for collection in collections:
        try:
            grove.search("ready", collection=collection.name, retriever="lexical", k=1)
        except (DamagedSegmentError, SegmentGoneError) as error:
            damaged.append(f"{collection.name}: {error}")
    if damaged:
        return (
            "failed",
            "; ".join(damaged),
            "`rag reindex --collection NAME` rebuilds it from the stored chunks",
        )
    chunks = sum(collection.chunks for collection in collections)
    return "ok", f"{len(collections)} collections with {chunks} chunks can be searched", ""


def heads(settings: Settings) -> Outcome:
    """Compare the trained parts with the digests that they were shipped with."""
    from rag.networks.cards import heads as shipped  # noqa: PLC0415  # brings torch

    found = shipped()
    if damaged := [head.name for head in found if not head.is_intact]:
        return "failed", f"not as they were shipped: {', '.join(damaged)}", "install the package again"
    return "ok", f"{len(found)} heads are as they were shipped", ""


def encoder(settings: Settings) -> Outcome:
    """Encode a word."""
    grove = Grove(settings)
    _, dim = grove.encoder.encode(["ready"]).shape
    return "ok", f"{settings.encoder.kind} gives vectors of {dim} dimensions", ""


def language_model(settings: Settings) -> Outcome:
    """Find whether the carried language model is ready to be loaded."""
    folder = Grove(settings).local_model_folder()
    if not list(folder.glob("*.safetensors")):
        return (
            "warning",
            f"{folder} is not there",
            "`rag models prepare` makes it once (45 s); generators that write need it",
        )
    return "ok", str(folder), ""
