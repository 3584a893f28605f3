from rich.progress import Progress

from api.progress import _Pace


def _pace(done: int, total: int | None, *, seconds: float, tells_left: bool = True) -> str:
    now = 0.0
    progress = Progress(get_time=lambda: now)
    task = progress.add_task("files", total=total, tells_left=tells_left)
    now = seconds
    progress.update(task, completed=done)
    return _Pace().render(progress.tasks[0]).plain


def test_the_pace_tells_how_long_the_rest_takes() -> None:
    assert _pace(10, 130, seconds=5) == "2.0/s, 0:01:00 left"
    assert _pace(10, 10, seconds=5) == "2.0/s"
    assert _pace(10, 130, seconds=5, tells_left=False) == "2.0/s"


def test_there_is_no_pace_before_the_first_file() -> None:
    assert _pace(0, 130, seconds=5) == ""
