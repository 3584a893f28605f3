"""What Prometheus reads."""

from fastapi import APIRouter
from fastapi.responses import PlainTextResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST

from api.deps import MetricsDep

__all__ = ["router"]

router = APIRouter(tags=["health"])


@router.get("/metrics", operation_id="metrics", response_class=PlainTextResponse)
def metrics(metrics: MetricsDep) -> Response:
    """Give the metrics of docs/operations.md in Prometheus's text format."""
    return Response(metrics.text(), media_type=CONTENT_TYPE_LATEST)
