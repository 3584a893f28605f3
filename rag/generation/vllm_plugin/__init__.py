"""Grove inside vLLM: what its processes load through the entry point `vllm.general_plugins`.

Does nothing unless GROVE_VLLM says what (options.py). It runs in vLLM's environment, where only `rag` is,
without its dependencies: nothing here imports what vLLM does not bring itself.
"""

from importlib import import_module
from importlib.metadata import version

from rag.core.errors import ConflictError
from rag.generation.vllm_plugin.options import VARIABLE, PluginOptions

__all__ = ["TESTED_VERSION", "register"]

TESTED_VERSION = "0.32.0"  # the seams that are used here are inner ones, and move with every release


def register() -> None:
    """Set up what GROVE_VLLM asks for; vLLM calls this once in each of its processes.

    Raises:
        ConflictError: another version of vLLM.
        InvalidInputError: GROVE_VLLM does not say what it should.
    """
    options = PluginOptions.from_environment()
    if options is None:
        return
    check_version(version("vllm"))
    if options.kv is not None:
        # Imported late: it needs vLLM's own modules, and most servers do not compress.
        import_module("rag.generation.vllm_plugin.compression").register(options.kv)


def check_version(installed: str) -> None:
    """Refuse every version but the tested one.

    >>> check_version("0.32.0+cpu")
    """
    if installed.partition("+")[0] != TESTED_VERSION:
        raise ConflictError(
            f"Grove's plugin was tested with vLLM {TESTED_VERSION}, and this is {installed}: install that"
            f" one (`rag llm install` does), or unset {VARIABLE} to serve without drafts and compression"
        )
