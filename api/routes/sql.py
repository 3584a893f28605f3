"""The databases that questions are answered from; an administrator registers them in the settings."""

from fastapi import APIRouter

from api.deps import After, GroveDep, Limit
from api.paging import behind, page_of
from api.tool_schemas import SqlSourceList

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/sql", tags=["sql"])


@router.get("/sources", operation_id="listSqlSources")
def list_sources(grove: GroveDep, limit: Limit = 1000, after: After = None) -> SqlSourceList:
    """List the registered databases with their tables, and why one cannot be read now."""
    names = behind(list(grove.sql_sources), after, str)
    shown, more = page_of(names, limit, str)
    return SqlSourceList([grove.sql_sources[name].summary() for name in shown], more)
