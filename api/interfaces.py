"""The routes in other people's shapes, so that their clients can use Grove: which there are."""

from api.routes import (
    embeddings,
    files,
    mcp,
    openai,
    responses,
    ui_messages,
    vector_store_files,
    vector_stores,
)

__all__ = ["INTERFACES"]

# Files before stores: a store's name may hold slashes, so that its own routes match whatever is left.
INTERFACES = (mcp, ui_messages, openai, responses, embeddings, files, vector_store_files, vector_stores)
