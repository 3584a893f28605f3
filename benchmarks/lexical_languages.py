"""Lexical recall in many languages: Grove's words beside other people's tokenisers, the same BM25 for all.

`python benchmarks/lexical_languages.py DATA [LANGUAGE=FOLDER ...] [--write FILE]` takes the folder of the
shared data sets and others of the same format. The tokenisers (jieba, fugashi with unidic-lite, janome,
sudachipy with sudachidict-core, kiwipiepy, pythainlp) are no dependencies of Grove: what is absent is
named and skipped. `--write tests/golden/lexical_languages.json` stores each set's best independent row.
"""

import json
import re
import sys
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from pathlib import Path

import bm25s
import numpy as np
import Stemmer

from rag.evaluation.datasets import Dataset, load_dataset
from rag.scoring.words import analyze, query_words

Tokenise = Callable[[str], list[str]]

SETS = {"qa_chinese_cmrc2018": "zh", "qa_japanese_jaquad": "ja", "qa_arabic_arcd": "ar"}
SNOWBALL = {
    "ar": "arabic",
    "de": "german",
    "el": "greek",
    "en": "english",
    "es": "spanish",
    "hi": "hindi",
    "ro": "romanian",
    "ru": "russian",
    "tr": "turkish",
}
MARKS = "\u0300-\u036f\u064b-\u065f\u0900-\u0903\u093a-\u094f\u0e31\u0e34-\u0e3a\u0e47-\u0e4e"
WORD = re.compile(rf"[^\W_]+(?:[{MARKS}]+[^\W_]*)*")
DEPTH = 10


def folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


def words(text: str) -> list[str]:
    return WORD.findall(folded(text))


def ngrams(text: str) -> list[str]:
    """Give the 2-, 3- and 4-grams of each word."""
    return [
        word[start : start + size]
        for word in words(text)
        for size in (2, 3, 4)
        for start in range(len(word) - size + 1)
    ]


def snowball(language: str) -> Tokenise:
    stemmer = Stemmer.Stemmer(SNOWBALL[language])
    return lambda text: list(stemmer.stemWords(words(text)))


def compounds(language: str, texts: Sequence[str]) -> Tokenise:
    """Add to each stem those of its parts: words of the corpus, the longest that fits first."""
    stems = snowball(language)
    known = {word for text in texts for word in words(text) if len(word) >= 4}

    def parts(word: str) -> list[str]:
        found, start = [], 0
        while start < len(word):
            ends = [end for end in range(len(word), start + 3, -1) if word[start:end] in known - {word}]
            if not ends:
                return []
            found.append(word[start : ends[0]])
            start = ends[0] + (word[ends[0] : ends[0] + 1] == "s" and len(word) - ends[0] > 4)
        return found

    split = {word: parts(word) for word in known if len(word) >= 8}
    return lambda text: [
        stem for word in words(text) for each in (word, *split.get(word, ())) for stem in stems(each)
    ]


def jieba() -> Tokenise:
    module = import_module("jieba")
    module.setLogLevel(60)
    return lambda text: [word for word in module.lcut(folded(text)) if word.strip()]


def jieba_search() -> Tokenise:
    module = import_module("jieba")
    module.setLogLevel(60)
    return lambda text: [word for word in module.lcut_for_search(folded(text)) if word.strip()]


def fugashi() -> Tokenise:
    import_module("unidic_lite")
    tagger = import_module("fugashi").Tagger()
    return lambda text: [word.feature.lemma or word.surface for word in tagger(folded(text))]


def janome() -> Tokenise:
    tokenizer = import_module("janome.tokenizer").Tokenizer()
    return lambda text: [word.base_form for word in tokenizer.tokenize(folded(text))]


def sudachi() -> Tokenise:
    import_module("sudachidict_core")
    tokenizer = import_module("sudachipy").Dictionary().tokenizer()
    return lambda text: [word.dictionary_form() for word in tokenizer.tokenize(folded(text))]


def kiwi() -> Tokenise:
    tokenizer = import_module("kiwipiepy").Kiwi(num_workers=1)
    return lambda text: [word.form for word in tokenizer.tokenize(folded(text))]


def pythainlp() -> Tokenise:
    tokenize = import_module("pythainlp.tokenize").word_tokenize
    return lambda text: [word for word in tokenize(folded(text), engine="newmm") if word.strip()]


TOKENISERS: dict[str, Sequence[Callable[[], Tokenise]]] = {
    "zh": (jieba, jieba_search),
    "ja": (fugashi, janome, sudachi),
    "ko": (kiwi,),
    "th": (pythainlp,),
}


def independent(language: str, texts: Sequence[str]) -> Iterator[tuple[str, Tokenise]]:
    """Give the tokenisations of a language that are installed."""
    yield "white space", str.split
    yield "words", words
    yield "2-4-grams", ngrams
    if language in SNOWBALL:
        yield "Snowball", snowball(language)
    if language == "de":
        yield "Snowball, compounds split", compounds(language, texts)
    for make in TOKENISERS.get(language, ()):
        try:
            yield make.__name__, make()
        except ImportError as error:
            print(f"<!-- {language}: no {make.__name__} ({error.name}) -->", file=sys.stderr)


def measure(dataset: Dataset, language: str) -> dict[str, tuple[float, float]]:
    """Give (recall@10, reciprocal rank) of each tokenisation, ours first."""
    texts = [f"{entry.title} {entry.text}".strip() for entry in dataset.corpus]
    rows = {"Grove": score(dataset, texts, analyze, query_words)}
    for name, tokenise in independent(language, texts):
        rows[name] = score(dataset, texts, tokenise, tokenise)
    return rows


def score(
    dataset: Dataset, texts: Sequence[str], tokenise: Tokenise, tokenise_query: Tokenise
) -> tuple[float, float]:
    """Give mean recall@10 and reciprocal rank; a question's words count once."""
    index = bm25s.BM25(method="lucene", k1=1.2, b=0.75)
    index.index([tokenise(text) for text in texts], show_progress=False)
    recalls, ranks = [], []
    for question in dataset.questions:
        asked = [word for word in dict.fromkeys(tokenise_query(question.text)) if word in index.vocab_dict]
        scores = index.get_scores(asked) if asked else np.zeros(len(texts))
        best = [row for row in np.argsort(-scores, kind="stable")[:DEPTH] if scores[row] > 0]
        relevant = dataset.relevant[question.id]
        places = [place for place, row in enumerate(best, 1) if dataset.corpus[row].id in relevant]
        recalls.append(len(places) / min(len(relevant), DEPTH))
        ranks.append(1 / places[0] if places else 0.0)
    return float(np.mean(recalls)), float(np.mean(ranks))


def by_language(dataset: Dataset) -> Iterator[tuple[str, Dataset]]:
    """Split a set whose document ids begin with their language."""
    for language in sorted({entry.id.split("-")[0] for entry in dataset.corpus}):
        corpus = [entry for entry in dataset.corpus if entry.id.startswith(f"{language}-")]
        ids = {entry.id for entry in corpus}
        questions = [each for each in dataset.questions if ids >= dataset.relevant[each.id].keys()]
        yield language, Dataset(f"{dataset.name}/{language}", corpus, questions, dataset.relevant)


def main(arguments: Sequence[str]) -> None:
    target = Path(arguments[arguments.index("--write") + 1]) if "--write" in arguments else None
    data, *others = [each for each in arguments if each != "--write" and Path(each) != target]
    sets = [(language, load_dataset(Path(data) / name)) for name, language in SETS.items()]
    sets += by_language(load_dataset(Path(data) / "multilingual_xquad"))
    sets += [(each.partition("=")[0], load_dataset(Path(each.partition("=")[2]))) for each in others]
    best: dict[str, dict[str, object]] = {}
    print("| set | tokenisation | recall@10 | reciprocal rank | ours / this |\n|---|---|---|---|---|")
    for language, dataset in sets:
        rows = measure(dataset, language)
        ours = rows["Grove"][0]
        for name, (recall, rank) in rows.items():
            ratio = f"{ours / recall:.3f}" if recall else "-"
            print(f"| {dataset.name} | {name} | {recall:.4f} | {rank:.4f} | {ratio} |", flush=True)
        name = max((name for name in rows if name != "Grove"), key=lambda name: rows[name])
        best[dataset.name] = {"tokenisation": name, "recall@10": round(rows[name][0], 4)}
        print(f"| {dataset.name} | **best: {name}** | | | **{ours / rows[name][0]:.3f}** |", flush=True)
    if target is not None:
        target.write_text(json.dumps(best, indent=2) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
