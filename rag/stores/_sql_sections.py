"""Sections in PostgreSQL: each one's vector stands in the first of its rows."""

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
from sqlalchemy import text
from sqlalchemy.orm import Session

from rag.core.queries import SectionQuery
from rag.core.types import Hit, Row, Section
from rag.stores._sql_rows import literal, scan

__all__ = ["best_in_sections", "section_columns", "section_of"]

_BEST = """
WITH best AS MATERIALIZED (
    SELECT segment_id, version_id, section,
        -(CAST(section_vector AS halfvec({size})) <#> CAST(:section_query AS halfvec({size}))) AS of_section
    FROM segment_rows
    WHERE vector_dims(section_vector) = {size} AND {visible}
    ORDER BY CAST(section_vector AS halfvec({size})) <#> CAST(:section_query AS halfvec({size}))
    LIMIT :num_sections
)
SELECT chunk_id,
    :weight * of_section - (CAST(vector AS halfvec({dim})) <#> CAST(:query AS halfvec({dim}))) AS score
FROM segment_rows JOIN best USING (segment_id, version_id, section)
ORDER BY score DESC, chunk_id LIMIT :k
"""


def section_columns(rows: Sequence[Row], before: Row | None) -> list[dict[str, object]]:
    """Give what is inserted of the rows' sections; `before` is the row that came before the first."""
    columns: list[dict[str, object]] = []
    for former, row in zip([before, *rows], rows, strict=False):
        is_first = row.section is not None and _key(former) != _key(row)
        columns.append(
            {
                "section": None if row.section is None else row.section.number,
                "section_vector": literal(row.section.vector) if is_first and row.section else None,
            }
        )
    return columns


def section_of(row: Any, former: Section | None) -> Section | None:  # Any: a row of the database
    """Give the section of a row that was read, which may be that of the row before it."""
    if row.section is None or row.section_vector is None:
        return former if row.section is not None else None
    return Section(row.section, np.array(json.loads(row.section_vector), dtype=np.float32))


def best_in_sections(
    session: Session, query: SectionQuery, visible: str, parameters: dict[str, Any]
) -> list[Hit]:
    """Give the nearest rows inside the nearest sections."""
    scan(session, query.num_sections)
    asked = {
        **parameters,
        "query": literal(query.vector),
        "section_query": literal(query.section_vector),
        "num_sections": query.num_sections,
        "weight": query.weight,
    }
    found = text(_BEST.format(dim=len(query.vector), size=len(query.section_vector), visible=visible))
    return [Hit(*row) for row in session.execute(found, asked)]


def _key(row: Row | None) -> tuple[str, int] | None:
    return None if row is None or row.section is None else (row.version_id, row.section.number)
