"""The routes in other people's shapes, so that their clients can use Grove: which there are."""

from api.routes import embeddings, openai

__all__ = ["INTERFACES"]

INTERFACES = (openai, embeddings)
