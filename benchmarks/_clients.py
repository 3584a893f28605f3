"""Clients of a streaming server, in a process of their own: `python -m benchmarks._clients < plan.json`.

An open loop: each client begins at its instant of the plan, whatever became of those before it, and its
waits count from that instant. A server that is slow has no way to slow its clients down.
"""

import asyncio
import json
import sys
import time
from typing import Any

__all__: list[str] = []

_TOKEN, _FINISHED, _FAILED = b"event: token", b"event: answer.finished", b"event: error"


async def _client(plan: dict[str, Any], number: int, start: float) -> dict[str, Any]:
    due = start + number / plan["rate"]
    await asyncio.sleep(max(0.0, due - time.perf_counter()))
    result: dict[str, Any] = {"due": round(due - start, 3), "status": 0, "end": "cut", "tokens": 0}
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", plan["port"])
    except OSError as error:
        return {**result, "end": f"no connection: {error}"}
    try:
        writer.write(_request(plan, number))
        await _reply(reader, result, due)
    except (OSError, asyncio.IncompleteReadError) as error:
        result["end"] = f"cut: {type(error).__name__}"
    finally:
        writer.close()
    return {**result, "seconds": time.perf_counter() - due, "until": time.perf_counter() - start}


def _request(plan: dict[str, Any], number: int) -> bytes:
    questions = plan["questions"]
    body = json.dumps({"question": questions[number % len(questions)], "stream": True}).encode()
    head = (
        f"POST /api/v1/ask HTTP/1.1\r\nHost: 127.0.0.1:{plan['port']}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + body


async def _reply(reader: asyncio.StreamReader, result: dict[str, Any], due: float) -> None:
    head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    result["status"] = int(head.split()[1])
    headers = dict(line.split(": ", 1) for line in head.split("\r\n")[1:] if ": " in line)
    result["retry_after"] = headers.get("retry-after")
    if result["status"] != 200:
        result["end"] = "refused"
        return
    while size := int(await reader.readuntil(b"\r\n"), 16):
        event = await reader.readexactly(size + 2)
        result["tokens"] += event.count(_TOKEN)
        if _TOKEN in event:
            result.setdefault("first_token", time.perf_counter() - due)
        if _FINISHED in event:
            result["end"] = "finished"
        elif _FAILED in event:
            result["end"] = "failed"


async def _all(plan: dict[str, Any]) -> list[dict[str, Any]]:
    start = time.perf_counter()
    count = int(plan["rate"] * plan["seconds"])
    return await asyncio.gather(*(_client(plan, number, start) for number in range(count)))


if __name__ == "__main__":
    print(json.dumps(asyncio.run(_all(json.load(sys.stdin)))))
