"""What callers of the tenant did; administrators only."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query

from api.deps import GroveDep, Limit
from api.paging import page_of
from rag.db.audit import AuditEntry

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/audit", tags=["audit"])
_MAX_SEQ = 2**62


@dataclass(frozen=True, slots=True)
class AuditList:
    """One page of the log; `next` is the `before` of the next one."""

    entries: list[AuditEntry]
    next: int | None


@router.get("", operation_id="listAudit")
def list_audit(
    grove: GroveDep,
    limit: Limit = 100,
    before: Annotated[
        int | None, Query(ge=1, le=_MAX_SEQ, description="`next` of the page before.")
    ] = None,
) -> AuditList:
    """List what was done, newest first: by whom, to what, and how it ended."""
    entries = grove.audit.entries(limit + 1, before=before)
    return AuditList(*page_of(entries, limit, lambda each: each.seq))
