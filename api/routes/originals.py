"""Documents as they were received: the file, and pictures of its pages."""

from http import HTTPStatus
from pathlib import PurePath
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi.responses import Response

from api.deps import GroveDep, Version
from indexing.pages import PagePainter, has_page_pictures
from rag.core.errors import NotFoundError
from rag.db.originals import Original

__all__ = ["router"]

router = APIRouter()  # part of that of documents

_MAX_INT = 2**31 - 1
Width = Annotated[int, Query(ge=100, le=2400, description="In pixels; the height follows.")]
IfNoneMatch = Annotated[str | None, Header(description="An `ETag` that the client has.")]


def _painter(request: Request) -> PagePainter:
    painter: PagePainter = request.app.state.painter
    return painter


PainterDep = Annotated[PagePainter, Depends(_painter)]
_SAME: dict[str, str] = {"description": "The client has it already."}
_PNG: dict[int | str, dict[str, Any]] = {
    200: {"content": {"image/png": {"schema": {"type": "string", "format": "binary"}}}},
    304: _SAME,
}
_FILE: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}},
    304: _SAME,
}


@router.get(
    "/{document_id}/pages/{number}.png", operation_id="getPage", response_class=Response, responses=_PNG
)
def get_page(
    document_id: str,
    number: str,
    grove: GroveDep,
    painter: PainterDep,
    version: Version = None,
    width: Width = 1200,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Draw a page of a PDF document; pages count from 1. 404 when there is no such page or picture."""
    original = grove.originals.of(document_id, version=version)
    if not has_page_pictures(original.source):
        raise NotFoundError(f"{original.source!r} has no pages that can be drawn; PDF files have")
    if not (number.isascii() and number.isdecimal() and 0 < int(number[:10]) <= _MAX_INT):
        raise NotFoundError(f"{original.source!r} has no page {number!r:.40}; pages count from 1")
    tag = f'"{original.content_hash[:32]}-{number}-{width}"'
    headers = _headers(tag, is_fixed=version is not None)
    if _has(if_none_match, tag):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    name = PurePath(original.source).name
    png = painter.png(grove.originals.content(original), name=name, number=int(number), width=width)
    return Response(png, media_type="image/png", headers=headers)


@router.get("/{document_id}/file", operation_id="getFile", response_class=Response, responses=_FILE)
def get_file(
    document_id: str, grove: GroveDep, version: Version = None, if_none_match: IfNoneMatch = None
) -> Response:
    """Give the file as it was received, to be saved: no browser opens it within this site."""
    original = grove.originals.of(document_id, version=version)
    tag = f'"{original.content_hash}"'
    headers = _headers(tag, is_fixed=version is not None)
    if _has(if_none_match, tag):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    content = grove.originals.content(original)
    headers["content-disposition"] = f"attachment; filename*=UTF-8''{_file_name(original)}"
    return Response(content, media_type="application/octet-stream", headers=headers)


def _headers(tag: str, *, is_fixed: bool) -> dict[str, str]:
    """Let the client keep what can never change, and ask again for what can."""
    return {"etag": tag, "cache-control": "private, max-age=86400" if is_fixed else "private, no-cache"}


def _has(if_none_match: str | None, tag: str) -> bool:
    return if_none_match is not None and tag in [
        each.strip().removeprefix("W/") for each in if_none_match.split(",")
    ]


def _file_name(original: Original) -> str:
    return quote(PurePath(original.source).name, safe="")
