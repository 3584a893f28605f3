"""Generators by name."""

from pathlib import Path

import pytest
from _http import small_settings

from rag.compose import Grove
from rag.core.errors import UnknownPluginError
from rag.core.settings import Part


def test_an_unknown_generator_is_told_with_all_that_there_are(grove_home: Path) -> None:
    grove = Grove(small_settings(grove_home, generators={"mine": Part(kind="echo")}))
    with pytest.raises(UnknownPluginError, match="no generator 'nosuch'; choose one of: ") as caught:
        grove.generator("nosuch")
    assert {"default", "echo", "mine", "vllm"} <= set(str(caught.value).split(": ")[1].split(", "))
