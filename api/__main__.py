"""The command `rag`, and `python -m api`: until all is imported, Ctrl-C ends it without a word."""

import signal

__all__ = ["main"]


def main() -> None:
    """Import the commands, and run the one that is asked for."""
    handler = signal.getsignal(signal.SIGINT)
    if handler is signal.default_int_handler:  # else it is ignored, as in the background
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from api.cli import main as run

    signal.signal(signal.SIGINT, handler)
    run()


if __name__ == "__main__":
    main()
