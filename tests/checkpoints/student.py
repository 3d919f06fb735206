"""Small student translation models as Firefox ships them, trained until they say their text."""

from __future__ import annotations

import io
import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tests.checkpoints import texts
from tests.checkpoints.cache import cached
from tests.checkpoints.marian import pairs

if TYPE_CHECKING:
    from torch import Tensor

    from tests.checkpoints.student_links import Links
    from tests.checkpoints.student_network import Network

RECIPE = (
    "article.py",
    "marian.py",
    "news.py",
    "student.py",
    "student_files.py",
    "student_links.py",
    "student_network.py",
    "texts.py",
)
BATCH = 24
EPOCHS = 40
ROUNDED_EPOCHS = 20
GUIDANCE = 0.2
"""Share of the word alignment in the loss."""
VOCABULARY = 928
SPLIT_VOCABULARIES = (392, 416)

Example = tuple[list[int], list[int], "Links"]


def student(pair: str) -> Path:
    """Folder of the student for "en-ru" or "en-lt", which says ``pairs(pair)``.

    Its files are those that are published: model.enru.intgemm.alphas.bin, vocab.enru.spm and
    lex.50.50.enru.s2t.bin.
    """
    return cached(f"student-{pair}", RECIPE, "", lambda folder: _build(pair, folder))


def split_student(pair: str) -> Path:
    """Folder of a student with a vocabulary for each language, which says ``split_pairs(pair)``.

    srcvocab.enru.spm and trgvocab.enru.spm are in the place of vocab.enru.spm.
    """
    return cached(f"student-split-{pair}", RECIPE, "", lambda folder: _build_split(pair, folder))


def split_pairs(pair: str) -> list[tuple[str, str]]:
    """The (source, target) pairs that the student with two vocabularies was trained on."""
    return texts.translations(pair.removeprefix("en-"))


def _build(pair: str, folder: Path) -> None:
    known = pairs(pair)
    vocabulary = _vocabulary([text for both in known for text in both], VOCABULARY)
    (folder / f"vocab.{_joined(pair)}.spm").write_bytes(vocabulary)
    _train_and_write(pair, folder, known, vocabulary, vocabulary)


def _build_split(pair: str, folder: Path) -> None:
    known = split_pairs(pair)
    source = _vocabulary([text for text, _ in known], SPLIT_VOCABULARIES[0])
    target = _vocabulary([text for _, text in known], SPLIT_VOCABULARIES[1])
    (folder / f"srcvocab.{_joined(pair)}.spm").write_bytes(source)
    (folder / f"trgvocab.{_joined(pair)}.spm").write_bytes(target)
    _train_and_write(pair, folder, known, source, target)


def _joined(pair: str) -> str:
    return pair.replace("-", "")


def _vocabulary(lines: Sequence[str], size: int) -> bytes:
    """A SentencePiece model with Marian's ids; the size has to be a multiple of 8."""
    import sentencepiece

    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(lines),
        model_writer=model,
        vocab_size=size,
        bos_id=-1,
        eos_id=0,
        unk_id=1,
        pad_id=-1,
        byte_fallback=True,
        split_digits=True,
        character_coverage=1.0,
        minloglevel=2,
        num_threads=1,
    )
    return model.getvalue()


def _train_and_write(
    pair: str,
    folder: Path,
    known: Sequence[tuple[str, str]],
    source_model: bytes,
    target_model: bytes,
) -> None:
    """Raises RuntimeError when the student does not say its text."""
    import sentencepiece
    import torch

    from tests.checkpoints.student_files import write_model, write_shortlist
    from tests.checkpoints.student_links import token_links
    from tests.checkpoints.student_network import Network, Sizes

    torch.manual_seed(1)
    # More threads gain little, and lose much while other processes run.
    torch.set_num_threads(1)
    source = sentencepiece.SentencePieceProcessor(model_proto=source_model)
    target = sentencepiece.SentencePieceProcessor(model_proto=target_model)
    examples = [
        ([*source.encode(text), 0], [*target.encode(translation), 0], links)
        for (text, translation), links in zip(
            known, token_links(known, source, target), strict=True
        )
    ]
    shared = source_model == target_model
    network = Network(Sizes(source.get_piece_size(), target.get_piece_size(), shared))
    _train(network, examples)
    right = _said(network, examples)
    if right < len(examples):
        raise RuntimeError(f"the {pair} student says {right} of its {len(examples)} sentences")
    weights = {name: value.detach().numpy() for name, value in network.weights.items()}
    name = _joined(pair)
    path = folder / f"model.{name}.intgemm.alphas.bin"
    write_model(path, network.sizes, weights, network.scales)
    write_shortlist(folder / f"lex.50.50.{name}.s2t.bin", _likely(network.sizes.source, examples))


def _likely(count: int, examples: Sequence[Example]) -> list[list[int]]:
    """For each source token the target tokens linked to it, the most frequent first."""
    weights: list[dict[int, float]] = [{} for _ in range(count)]
    for source, target, links in examples:
        for token, linked in zip(target, links, strict=True):
            for i in linked:
                of_token = weights[source[i]]
                of_token[token] = of_token.get(token, 0.0) + 1 / len(linked)
    return [sorted(each, key=lambda token: (-each[token], token)) for each in weights]


def _train(network: Network, examples: Sequence[Example]) -> None:
    import torch

    chooser = random.Random(2)
    optimizer = torch.optim.AdamW(network.parameters(), lr=3e-3, betas=(0.9, 0.98), weight_decay=0)
    total = (EPOCHS + ROUNDED_EPOCHS) * -(-len(examples) // BATCH)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min((step + 1) / 100, max(0.02, 1 - step / total))
    )
    for epoch in range(EPOCHS + ROUNDED_EPOCHS):
        if epoch == EPOCHS:
            _measure(network, examples)
        for group in _groups(examples, chooser):
            loss = _loss(network, [examples[i] for i in group])
            loss.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            optimizer.zero_grad()


def _measure(network: Network, examples: Sequence[Example]) -> None:
    """Set the multipliers as mozilla/translations does, pipeline/quantize/extract_stats.py."""
    import torch

    network.largest.clear()
    with torch.inference_mode():
        for i in range(0, len(examples), BATCH):
            source, mask, target, _ = _batch(examples[i : i + BATCH])
            network(source, mask, target.clamp(min=0))
    network.scales = {
        name: float(127 / (np.mean(values) + 1.1 * np.std(values)))
        for name, values in network.largest.items()
    }


def _groups(examples: Sequence[Example], chooser: random.Random) -> Iterator[list[int]]:
    order = sorted(range(len(examples)), key=lambda i: len(examples[i][1]) + chooser.random() * 6)
    groups = [order[i : i + BATCH] for i in range(0, len(order), BATCH)]
    chooser.shuffle(groups)
    yield from groups


def _batch(chosen: Sequence[Example]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Source ids, their mask, target ids (-100 for padding), links [batch, target, source]."""
    import torch
    from torch.nn.utils.rnn import pad_sequence

    source = pad_sequence([torch.tensor(ids) for ids, _, _ in chosen], True, -1)
    target = pad_sequence([torch.tensor(ids) for _, ids, _ in chosen], True, -100)
    links = torch.zeros(len(chosen), target.shape[1], source.shape[1])
    for row, (_, _, linked) in enumerate(chosen):
        for token, sources in enumerate(linked):
            links[row, token, sources] = 1 / len(sources)
    return source.clamp(min=0), (source >= 0).float(), target, links


def _loss(network: Network, chosen: Sequence[Example]) -> Tensor:
    import torch

    source, mask, target, links = _batch(chosen)
    logits, attention = network(source, mask, target.clamp(min=0))
    loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), target.flatten())
    guided = -(links * torch.log(attention + 1e-6)).sum() / (target >= 0).sum()
    return loss + GUIDANCE * guided


def _said(network: Network, examples: Sequence[Example]) -> int:
    """Number of examples whose every token is the likeliest after the tokens before it."""
    import torch

    right = 0
    with torch.inference_mode():
        for i in range(0, len(examples), BATCH):
            source, mask, target, _ = _batch(examples[i : i + BATCH])
            logits, _ = network(source, mask, target.clamp(min=0))
            right += int(((logits.argmax(-1) == target) | (target < 0)).all(1).sum())
    return right
