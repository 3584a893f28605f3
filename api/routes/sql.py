"""The databases that questions are answered from; an administrator registers them in the settings."""

from fastapi import APIRouter

from api.deps import GroveDep
from api.schemas import SqlSourceList

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/sql", tags=["sql"])


@router.get("/sources", operation_id="listSqlSources")
def list_sources(grove: GroveDep) -> SqlSourceList:
    """List the registered databases with their tables, and why one cannot be read now."""
    return SqlSourceList([source.summary() for source in grove.sql_sources.values()])
