"""Small Marian checkpoints in the hub's layout, trained until they reproduce their text."""

from __future__ import annotations

import json
import math
import random
from pathlib import Path
from typing import Any

from tests.checkpoints import article, news

EPOCHS = 80
ENOUGH = 0.99
VOCABULARY = 1100

LANGUAGES = {"ru": 1, "lt": 2}


def pairs(pair: str) -> list[tuple[str, str]]:
    """The (source, target) pairs that the "en-ru" or "en-lt" checkpoint was trained on."""
    column = LANGUAGES[pair.removeprefix("en-")]
    triples = [*article.ARTICLE, *news.sentences()]
    return [(triple[0], triple[column]) for triple in triples]


def build(pair: str, folder: Path) -> None:
    """Train a checkpoint into a folder; raises when it does not reproduce its text."""
    import torch
    from transformers import MarianConfig, MarianMTModel, MarianTokenizer, logging

    logging.disable_progress_bar()
    logging.set_verbosity_error()

    torch.manual_seed(1)
    # More threads gain little, and lose much while other processes run.
    torch.set_num_threads(1)
    known = pairs(pair)
    _write_tokenizer(known, folder, pair)
    tokenizer = MarianTokenizer.from_pretrained(folder)
    size = len(json.loads((folder / "vocab.json").read_text("utf-8")))
    model = MarianMTModel(
        MarianConfig(
            vocab_size=size,
            d_model=128,
            encoder_layers=2,
            decoder_layers=2,
            encoder_attention_heads=4,
            decoder_attention_heads=4,
            encoder_ffn_dim=384,
            decoder_ffn_dim=384,
            dropout=0.0,
            attention_dropout=0.0,
            activation_dropout=0.0,
            activation_function="swish",
            max_position_embeddings=128,
            pad_token_id=size - 1,
            decoder_start_token_id=size - 1,
            eos_token_id=0,
            bos_token_id=None,
            scale_embedding=True,
            share_encoder_decoder_embeddings=True,
            tie_word_embeddings=True,
        )
    )
    model.generation_config.update(
        bad_words_ids=[[size - 1]], num_beams=4, forced_eos_token_id=0, max_length=None
    )
    _train(model, tokenizer, known)
    model.eval()
    model.save_pretrained(folder)
    right = _reproduced(model, tokenizer, known)
    if right < ENOUGH:
        raise RuntimeError(f"the {pair} checkpoint reproduces only {right:.1%} of its text")


def _write_tokenizer(known: list[tuple[str, str]], folder: Path, pair: str) -> None:
    import sentencepiece

    pieces: set[str] = set()
    for name, texts in (
        ("source", [source for source, _ in known]),
        ("target", [target for _, target in known]),
    ):
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(texts),
            model_prefix=str(folder / name),
            vocab_size=VOCABULARY,
            hard_vocab_limit=False,
            character_coverage=1.0,
            minloglevel=2,
            num_threads=1,
        )
        (folder / f"{name}.model").rename(folder / f"{name}.spm")
        (folder / f"{name}.vocab").unlink()
        processor = sentencepiece.SentencePieceProcessor(model_file=str(folder / f"{name}.spm"))
        pieces |= {processor.id_to_piece(i) for i in range(processor.get_piece_size())}
    pieces -= {"<s>", "</s>", "<unk>"}
    vocabulary = ["</s>", "<unk>", *sorted(pieces), "<pad>"]
    (folder / "vocab.json").write_text(
        json.dumps({piece: i for i, piece in enumerate(vocabulary)}, ensure_ascii=False), "utf-8"
    )
    source, target = pair.split("-")
    (folder / "tokenizer_config.json").write_text(
        json.dumps(
            {
                "source_lang": source,
                "target_lang": target,
                "model_max_length": 128,
                "tokenizer_class": "MarianTokenizer",
            }
        )
    )


def _batches(tokenizer: Any, known: list[tuple[str, str]], chooser: random.Random) -> Any:
    order = sorted(range(len(known)), key=lambda i: len(known[i][1]) + chooser.random() * 20)
    groups = [order[i : i + 24] for i in range(0, len(order), 24)]
    chooser.shuffle(groups)
    for group in groups:
        batch = tokenizer(
            [known[i][0] for i in group],
            text_target=[known[i][1] for i in group],
            padding=True,
            return_tensors="pt",
        )
        batch["labels"][batch["labels"] == tokenizer.pad_token_id] = -100
        yield batch


def _train(model: Any, tokenizer: Any, known: list[tuple[str, str]]) -> None:
    import torch

    chooser = random.Random(2)
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=0.0)
    per_epoch = math.ceil(len(known) / 24)
    total = EPOCHS * per_epoch
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min((step + 1) / 100, max(0.02, 1 - step / total))
    )
    model.train()
    for epoch in range(EPOCHS):
        for batch in _batches(tokenizer, known, chooser):
            loss = model(**batch).loss
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            # As in all published Marian checkpoints, the decoder starts from zeros.
            model.model.shared.weight.data[tokenizer.pad_token_id] = 0.0
            optimizer.zero_grad()
        if epoch >= EPOCHS // 2 and epoch % 8 == 0:
            model.eval()
            if _reproduced(model, tokenizer, known) == 1.0:
                return
            model.train()


def _reproduced(model: Any, tokenizer: Any, known: list[tuple[str, str]]) -> float:
    import torch

    right = 0
    for i in range(0, len(known), 32):
        group = known[i : i + 32]
        inputs = tokenizer([source for source, _ in group], padding=True, return_tensors="pt")
        with torch.inference_mode():
            outputs = model.generate(**inputs, num_beams=1, max_new_tokens=120)
        texts = tokenizer.batch_decode(outputs, skip_special_tokens=True)
        right += sum(text == target for text, (_, target) in zip(texts, group, strict=True))
    return right / len(known)
