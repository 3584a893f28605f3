"""An MCP server of the standard library alone, which starts at once: it waits, refuses and says its pid."""

import json
import os
import sys
import threading
import time
from typing import Any

SCHEMA = {"type": "object", "properties": {"seconds": {"type": "number"}}}


def send(request: Any, **reply: object) -> None:
    sys.stdout.write(json.dumps({"jsonrpc": "2.0", "id": request["id"], **reply}) + "\n")
    sys.stdout.flush()


def call(request: Any) -> None:
    parameters = request["params"]
    if parameters["name"] == "refuse":
        send(request, error={"code": -32602, "message": "the date is in the past"})
        return
    time.sleep(parameters["arguments"].get("seconds", 0))
    send(request, result={"content": [{"type": "text", "text": str(os.getpid())}]})


if __name__ == "__main__":
    for line in sys.stdin:
        request = json.loads(line)
        match request["method"]:
            case "initialize":
                version = request["params"]["protocolVersion"]
                about = {"capabilities": {"tools": {}}, "serverInfo": {"name": "light", "version": "1"}}
                send(request, result={"protocolVersion": version, **about})
            case "tools/list":
                tools = [{"name": name, "inputSchema": SCHEMA} for name in ("wait", "refuse")]
                send(request, result={"tools": tools})
            case "tools/call":
                threading.Thread(target=call, args=(request,), daemon=True).start()
            case _ if "id" in request:
                send(request, error={"code": -32601, "message": "no such method"})
