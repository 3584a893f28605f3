"""Conversations: kept by the server, so that they are there on every device and after every reload."""

import asyncio
from contextlib import suppress
from typing import Annotated

from fastapi import APIRouter, Query

from agents.runs import cancel
from api.conversation_schemas import ConversationBody, ConversationList, ConversationReply, TitleBody
from api.deps import Behind, GroveDep, Limit
from api.paging import cursor_of, page_of
from rag.compose import Grove
from rag.core.errors import ConflictError, NotFoundError
from rag.db.conversations import ConversationSummary, ConversationTurn

__all__ = ["router"]

router = APIRouter(tags=["conversations"])
_PATH = "/api/v1/conversations"
Words = Annotated[str, Query(max_length=500, description="Words of the title or of a question.")]


@router.get(_PATH, operation_id="listConversations")
def list_conversations(
    grove: GroveDep, after: Behind, limit: Limit = 50, q: Words = ""
) -> ConversationList:
    """List the caller's conversations, the latest first."""
    found = grove.conversations.conversations(limit=limit + 1, after=after, query=q)
    can_share = grove.settings.server.share_links
    page = page_of(found, limit, lambda each: cursor_of(each.updated_at, each.conversation_id))
    return ConversationList(*page, can_share)


@router.post(_PATH, operation_id="createConversation", status_code=201)
def create_conversation(body: ConversationBody, grove: GroveDep) -> ConversationSummary:
    """Begin a conversation about a collection; `ask` with its id adds turns."""
    grove.catalog.snapshot(body.collection)  # a conversation is about what the caller may see
    return grove.conversations.create(body.collection, title=body.title)


@router.get(f"{_PATH}/{{conversation_id}}", operation_id="getConversation")
def get_conversation(conversation_id: str, grove: GroveDep) -> ConversationReply:
    """Give a conversation with its turns; the events of one that goes on are at its run."""
    summary = grove.conversations.conversation(conversation_id)
    return _reply(grove, summary, grove.conversations.turns(conversation_id))


@router.patch(f"{_PATH}/{{conversation_id}}", operation_id="renameConversation")
def rename_conversation(conversation_id: str, body: TitleBody, grove: GroveDep) -> ConversationSummary:
    """Give it another title."""
    return grove.conversations.rename(conversation_id, body.title)


@router.delete(f"{_PATH}/{{conversation_id}}", operation_id="deleteConversation", status_code=204)
async def delete_conversation(conversation_id: str, grove: GroveDep) -> None:
    """Delete a conversation with its questions, answers and their steps; what still runs is cancelled."""
    kept = grove.conversations
    await asyncio.to_thread(kept.conversation, conversation_id)
    for turn in await asyncio.to_thread(kept.turns, conversation_id):
        if turn.run.state in ("running", "waiting"):
            with suppress(ConflictError):  # it has ended meanwhile
                await cancel(grove, turn.run.run_id)
    await asyncio.to_thread(kept.delete, conversation_id)


@router.post(f"{_PATH}/{{conversation_id}}/share", operation_id="shareConversation")
def share_conversation(conversation_id: str, grove: GroveDep) -> ConversationSummary:
    """Let everybody read it who has the `share_token`, and may use its collection here."""
    _require_links(grove)
    return grove.conversations.share(conversation_id)


@router.delete(f"{_PATH}/{{conversation_id}}/share", operation_id="unshareConversation")
def unshare_conversation(conversation_id: str, grove: GroveDep) -> ConversationSummary:
    """Make the token worthless; sharing again makes another."""
    return grove.conversations.unshare(conversation_id)


@router.get("/api/v1/shared/{token}", operation_id="getSharedConversation")
def get_shared(token: str, grove: GroveDep) -> ConversationReply:
    """Give the conversation that a link leads to."""
    _require_links(grove)
    summary = grove.conversations.shared(token)
    turns = grove.conversations.turns(summary.conversation_id)
    for collection in {summary.collection, *(turn.run.collection for turn in turns)}:
        grove.catalog.snapshot(collection)  # passages are for those who may see their collection
    return _reply(grove, summary, turns)


def _reply(grove: Grove, summary: ConversationSummary, turns: list[ConversationTurn]) -> ConversationReply:
    ratings = grove.feedback.of([turn.run.run_id for turn in turns])
    return ConversationReply.of(summary, turns, ratings)


def _require_links(grove: Grove) -> None:
    if not grove.settings.server.share_links:
        raise NotFoundError("conversations are not shared here; GROVE_SERVER__SHARE_LINKS=true allows it")
