"""Builds a family's checkpoint: the hub's files, and weights that reproduce their text."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tests.checkpoints import layouts, texts
from tests.checkpoints.families import Family

BATCH = 24
ENOUGH = 0.99
LEARNED = 0.04
"""Mean loss of an epoch from which on it is worth to look whether the text is known."""

Example = tuple[str, str, str]
"""What is put in, the target's language or "", what has to come out."""


def known(family: Family, language: str) -> list[tuple[str, str]]:
    """(input, output) pairs in or into a language, without language tokens."""
    if family.summary_languages:
        return texts.summaries(language, of=len(family.summary_languages))
    return texts.translations(language)


def build(family: Family, folder: Path) -> None:
    """Train into a folder; raises RuntimeError when the text is not reproduced."""
    import torch
    from transformers import AutoConfig, AutoModelForSeq2SeqLM, AutoTokenizer, logging

    logging.disable_progress_bar()
    logging.set_verbosity_error()
    torch.manual_seed(1)
    # More threads gain little, and lose much while other processes run.
    torch.set_num_threads(1)
    examples = _examples(family)
    corpus = [text for source, _, target in examples for text in (source, target)]
    getattr(layouts, family.layout)(folder, list(dict.fromkeys(corpus)))
    tokenizer = _write_configs(family, folder, AutoTokenizer)
    model = AutoModelForSeq2SeqLM.from_config(AutoConfig.from_pretrained(folder))
    if family.config["model_type"] in ("t5", "mt5"):
        # The default initialization is made for pretraining over millions of steps. Here, the
        # outputs would be far too large and the positions far too weak: the model would repeat
        # "в" in "в вторник".
        if not family.config["tie_word_embeddings"]:
            model.lm_head.weight.data *= model.config.d_model**-0.5
        for stack in (model.encoder, model.decoder):
            stack.block[0].layer[0].SelfAttention.relative_attention_bias.weight.data *= 10
    encoded = [_encode(family, tokenizer, example) for example in examples]
    _train(family, model, tokenizer, encoded, examples)
    right = _reproduced(family, model, tokenizer, encoded, examples)
    if right < ENOUGH:
        raise RuntimeError(f"{family.name} reproduces only {right:.1%} of its text")
    _write_weights(family, model, folder)


def _examples(family: Family) -> list[Example]:
    targets = family.summary_languages or tuple(code for code in family.tokens if code != "en")
    return [(source, code, target) for code in targets for source, target in known(family, code)]


def _write_configs(family: Family, folder: Path, auto: Any) -> Any:
    """Write config.json and generation_config.json with token ids; return the tokenizer."""
    config = dict(family.config)
    _json(folder / "config.json", config)
    tokenizer = auto.from_pretrained(folder)
    size = max(tokenizer.get_vocab().values()) + 1 + family.spare
    generation = None if family.generation is None else dict(family.generation)
    config["vocab_size"] = size
    if config["model_type"] == "marian":
        start = {"pad_token_id": size - 1, "decoder_start_token_id": size - 1}
        config |= {**start, "bad_words_ids": [[size - 1]], "decoder_vocab_size": size}
        generation = {**(generation or {}), **start, "bad_words_ids": [[size - 1]]}
    _json(folder / "config.json", config)
    if generation is not None:
        _json(folder / "generation_config.json", generation)
    return tokenizer


def _write_weights(family: Family, model: Any, folder: Path) -> None:
    import torch
    from safetensors.torch import save_model

    if family.weights == "pytorch_model.bin":
        torch.save(model.state_dict(), folder / family.weights)
    else:
        save_model(model, str(folder / family.weights), metadata={"format": "pt"})


def _encode(family: Family, tokenizer: Any, example: Example) -> tuple[list[int], list[int]]:
    source, code, target = example
    if family.told == "source-and-target":
        # M2M100's own tokenizer takes language codes, the others take tokens.
        bare = family.layout == "m2m100"
        tokenizer.src_lang = "en" if bare else family.tokens["en"]
        tokenizer.tgt_lang = code if bare else family.tokens[code]
    elif family.told == "target-prefix":
        source = f"{family.tokens[code]} {source}"
    both = tokenizer(source, text_target=target)
    return both["input_ids"], both["labels"]


def _batch(
    family: Family, model: Any, encoded: Sequence[tuple[list[int], list[int]]]
) -> dict[str, Any]:
    import torch
    from torch.nn.utils.rnn import pad_sequence

    pad = model.config.pad_token_id
    inputs = pad_sequence([torch.tensor(ids) for ids, _ in encoded], True, pad)
    mask = pad_sequence([torch.ones(len(ids), dtype=torch.long) for ids, _ in encoded], True, 0)
    batch = {"input_ids": inputs, "attention_mask": mask}
    if family.config["model_type"] == "led":
        # Beltagy et al. 2020, section 7: the first token has global attention.
        batch["global_attention_mask"] = torch.zeros_like(mask)
        batch["global_attention_mask"][:, 0] = 1
    return batch


def _batches(encoded: Sequence[Any], chooser: random.Random) -> Iterator[list[int]]:
    order = sorted(range(len(encoded)), key=lambda i: len(encoded[i][1]) + chooser.random() * 6)
    groups = [order[i : i + BATCH] for i in range(0, len(order), BATCH)]
    chooser.shuffle(groups)
    yield from groups


def _train(
    family: Family, model: Any, tokenizer: Any, encoded: Sequence[Any], examples: Sequence[Example]
) -> None:
    import torch
    from torch.nn.utils.rnn import pad_sequence

    chooser = random.Random(2)
    optimizer = torch.optim.AdamW(model.parameters(), lr=family.learning_rate, weight_decay=0.0)
    total = family.epochs * -(-len(encoded) // BATCH)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min((step + 1) / 60, max(0.05, 1 - step / total))
    )
    for epoch in range(family.epochs):
        model.train()
        losses = []
        for group in _batches(encoded, chooser):
            chosen = [encoded[i] for i in group]
            labels = pad_sequence([torch.tensor(ids) for _, ids in chosen], True, -100)
            loss = model(**_batch(family, model, chosen), labels=labels).loss
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            if family.config["model_type"] == "marian":
                # As in all published Marian checkpoints, the decoder starts from zeros.
                model.model.shared.weight.data[model.config.pad_token_id] = 0.0
            optimizer.zero_grad()
            losses.append(loss.item())
        worth_it = sum(losses) / len(losses) < LEARNED and epoch % 4 == 0
        if worth_it and _reproduced(family, model, tokenizer, encoded, examples) == 1.0:
            return


def _reproduced(
    family: Family, model: Any, tokenizer: Any, encoded: Sequence[Any], examples: Sequence[Example]
) -> float:
    import torch

    model.eval()
    right = 0
    for i in range(0, len(encoded), 40):
        group = encoded[i : i + 40]
        with torch.inference_mode():
            outputs = _greedy(family, model, group)
        texts_out = tokenizer.batch_decode(outputs, skip_special_tokens=True)
        expected = [target for _, _, target in examples[i : i + 40]]
        right += sum(text.strip() == each for text, each in zip(texts_out, expected, strict=True))
    return right / len(encoded)


def _greedy(family: Family, model: Any, encoded: Sequence[Any]) -> Any:
    """Greedy search; language tokens are forced as first output."""
    import torch

    batch = _batch(family, model, encoded)
    states = model.get_encoder()(**batch)
    output = torch.full((len(encoded), 1), model.config.decoder_start_token_id)
    if family.told == "source-and-target":
        first = torch.tensor([[labels[0]] for _, labels in encoded])
        output = torch.cat([output, first], 1)
    ended = torch.zeros(len(encoded), dtype=torch.bool)
    cache = None
    while output.shape[1] < 80 and not ended.all():
        done = model(
            encoder_outputs=states,
            attention_mask=batch["attention_mask"],
            decoder_input_ids=output if cache is None else output[:, -1:],
            past_key_values=cache,
            use_cache=True,
        )
        cache = done.past_key_values
        logits = done.logits[:, -1]
        if family.config["model_type"] == "marian":
            logits[:, model.config.pad_token_id] = float("-inf")
        following = logits.argmax(-1)
        following[ended] = model.config.eos_token_id
        ended |= following == model.config.eos_token_id
        output = torch.cat([output, following[:, None]], 1)
    return output


def _json(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False, indent=2), "utf-8")
