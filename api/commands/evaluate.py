"""eval retrieval, eval answers, eval tools, eval sql, eval judge, bench: how good and how fast it is."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import Progress

from api.console import Console, Home, Json
from api.render import table_text

if TYPE_CHECKING:
    from api.evaluation import IndexedDataset
    from rag.evaluation.datasets import Dataset

__all__ = ["add_commands"]

Data = Annotated[
    Path, typer.Option("--data", help="Folder with corpus.jsonl, queries.jsonl and qrels.tsv.")
]
Work = Annotated[
    Path | None,
    typer.Option("--work", help="Where indexes and vectors are kept (HOME/eval).", show_default=False),
]
Limit = Annotated[int | None, typer.Option("--limit", min=1, help="Only the first questions.")]
Chunker = Annotated[
    str, typer.Option("--chunker", help="`structure`, or `whole`: one truncated chunk a document.")
]


def add_commands(app: typer.Typer) -> None:
    """Register this group's commands."""
    group = typer.Typer(
        help="Measure search, answers, queries, judges and the choice of tools on a data set.",
        no_args_is_help=True,
    )
    group.command()(retrieval)
    group.command()(answers)
    group.command()(tools)
    group.command()(sql)
    group.command()(judge)
    app.add_typer(group, name="eval")
    app.command()(bench)


def retrieval(
    data: Data,
    retriever: Annotated[
        list[str] | None,
        typer.Option(
            "--retriever",
            help="Repeat for several; else `lexical`, `dense`, `hybrid` and `default`.",
        ),
    ] = None,
    chunker: Chunker = "structure",
    limit: Limit = None,
    work: Work = None,
    home: Home = None,
    json: Json = False,
) -> None:
    """Measure how well retrievers find the relevant documents."""
    from rag.evaluation.retrieval import evaluate_retriever

    console = Console.open(home, json)
    names = list(dict.fromkeys(retriever or ["lexical", "dense", "hybrid", "default"]))
    with Progress(console=console.err) as progress:
        dataset, indexed = _indexed(console, data, chunker, limit, work, progress, retrievers=names)
        measures = {}
        for name in names:
            task = progress.add_task(f"asking {name}", total=len(dataset.questions))
            measures[name] = evaluate_retriever(
                dataset, indexed.search(name), on_question=partial(progress.advance, task)
            )
    rows = [{"retriever": name, **values} for name, values in measures.items()]
    console.result(
        {"data": dataset.name, "queries": len(dataset.questions), "retrievers": measures},
        table_text(rows, list(rows[0])),
    )


def answers(
    data: Data,
    retriever: Annotated[str, typer.Option("--retriever")] = "default",
    generator: Annotated[str, typer.Option("--generator")] = "default",
    chunker: Chunker = "structure",
    limit: Limit = None,
    work: Work = None,
    home: Home = None,
    json: Json = False,
) -> None:
    """Measure answers: right, cited, and withheld where the documents that hold them are hidden."""
    from rag.evaluation.answers import evaluate_answers

    console = Console.open(home, json)
    with Progress(console=console.err) as progress:
        dataset, indexed = _indexed(console, data, chunker, limit, work, progress, retrievers=[retriever])
        task = progress.add_task("asking", total=len(dataset.questions))
        measures = evaluate_answers(
            dataset, indexed.answer(retriever, generator), on_question=lambda: progress.advance(task)
        )
    console.result(measures, table_text([measures], list(measures)))


def tools(
    data: Data,
    retriever: Annotated[
        list[str] | None,
        typer.Option("--retriever", help="Repeat for several; else `lexical`, `dense` and `tools`."),
    ] = None,
    limit: Limit = None,
    work: Work = None,
    home: Home = None,
    json: Json = False,
) -> None:
    """Measure how often the tools that a request needs are all among the best five or ten."""
    from rag.evaluation.tools import evaluate_tools

    console = Console.open(home, json)
    names = list(dict.fromkeys(retriever or ["lexical", "dense", "tools"]))
    with Progress(console=console.err) as progress:
        dataset, indexed = _indexed(console, data, "whole", limit, work, progress, retrievers=names)
        measures = {}
        for name in names:
            task = progress.add_task(f"asking {name}", total=len(dataset.questions))
            search = indexed.best_tools() if name == "tools" else indexed.search(name)
            measures[name] = evaluate_tools(dataset, search, on_question=partial(progress.advance, task))
    rows = [{"retriever": name, **values} for name, values in measures.items()]
    console.result(
        {"data": dataset.name, "queries": len(dataset.questions), "retrievers": measures},
        table_text(rows, list(rows[0])),
    )


def sql(
    data: Annotated[Path, typer.Option("--data", help="Folder with questions.jsonl and db/NAME.sqlite.")],
    generator: Annotated[
        str | None, typer.Option("--generator", help="Writes what no rule reads; by default nobody.")
    ] = None,
    limit: Annotated[
        int | None, typer.Option("--limit", min=1, help="So many questions, evenly spread.")
    ] = None,
    home: Home = None,
    json: Json = False,
) -> None:
    """Measure how often a question becomes a query that gives the right rows."""
    import asyncio
    from functools import cache

    from rag.core.sql_settings import SqlSourceSettings
    from rag.evaluation.sql import evaluate_sql, load_questions
    from rag.sql.asking import SqlAsker
    from rag.sql.source import SqlSource

    console = Console.open(home, json)
    grove = console.grove()
    asker = SqlAsker(
        generator=None if generator is None else grove.generator(generator),
        encoder=None if generator is None else grove.encoder,
        max_attempts=console.settings.sql.max_attempts,
    )

    @cache
    def source(name: str) -> SqlSource:
        path = (data / "db" / f"{name}.sqlite").resolve()
        return SqlSource(name, SqlSourceSettings(url=f"sqlite:///{path}", max_rows=10_000))

    questions = load_questions(data, limit)
    with Progress(console=console.err) as progress:
        task = progress.add_task("asking", total=len(questions))
        measures = evaluate_sql(
            questions,
            source,
            lambda text, of: asyncio.run(asker.ask(text, of)),
            on_question=lambda: progress.advance(task),
        )
    console.result({"data": data.name, **measures}, table_text([measures], list(measures)))


def judge(
    data: Annotated[Path, typer.Option("--data", help="Folder with data.jsonl: two answers a question.")],
    generator: Annotated[
        str | None, typer.Option("--generator", help="Judges; by default the scorer of the settings does.")
    ] = None,
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="Only the first pairs.")] = None,
    home: Home = None,
    json: Json = False,
) -> None:
    """Measure how often a judge of answers prefers what people prefer, in whatever order it sees them."""
    from rag.evaluation.judge import evaluate_judge, judged_by_generator, judged_by_scorer, load_pairs

    console = Console.open(home, json)
    grove = console.grove()
    pairs = load_pairs(data, limit=limit)
    named = generator or f"scorer {console.settings.scorer.kind}"
    prefer = (
        judged_by_scorer(grove.scorer)
        if generator is None
        else judged_by_generator(grove.generator(generator))
    )
    with Progress(console=console.err) as progress:
        task = progress.add_task("judging", total=len(pairs))
        measures = evaluate_judge(pairs, prefer, on_pair=lambda: progress.advance(task))
    console.result(
        {"data": data.resolve().name, "judge": named, **measures}, table_text([measures], list(measures))
    )


def bench(
    name: Annotated[str, typer.Argument(help="A file of benchmarks/.")],
    quick: Annotated[bool, typer.Option("--quick", help="A smaller run, under 4 minutes.")] = False,
    home: Home = None,
    json: Json = False,
) -> None:
    """Run a benchmark of the repository."""
    from json import dumps

    from api.benchmarks import run_benchmark

    console = Console.open(home, json)
    result = run_benchmark(name, quick=quick)
    rows = result.get("rows")
    console.result(result, table_text(rows, list(rows[0])) if rows else dumps(result, indent=2))


def _indexed(
    console: Console,
    data: Path,
    chunker: str,
    limit: int | None,
    work: Path | None,
    progress: Progress,
    *,
    retrievers: list[str],
) -> "tuple[Dataset, IndexedDataset]":
    from api.evaluation import IndexedDataset
    from rag.evaluation.datasets import load_dataset

    dataset = load_dataset(data, limit=limit)
    part = console.settings.chunker.model_copy(update={"kind": chunker})
    settings = console.settings.model_copy(update={"chunker": part})
    work = work or console.settings.home_dir / "eval"
    indexed = IndexedDataset(settings, dataset, data, work=work, retrievers=retrievers)
    task = progress.add_task("encoding", total=None)
    indexed.index(lambda count: progress.advance(task, count))
    progress.update(task, total=1, completed=1)
    return dataset, indexed
