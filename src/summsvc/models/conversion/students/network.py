"""The network of a student model as ONNX graphs: encoder, decoder step, output layer.

Architecture: mozilla/translations, inference/marian-fork/src/models/transformer.h and
rnn/cells.h. A transformer encoder with normalization after each sublayer; decoder layers with a
simpler simple recurrent unit in place of self-attention (SSRU; Kim et al. 2019,
aclanthology.org/D19-5632). Embeddings are looked up outside of the graphs.
"""

from __future__ import annotations

import math

import numpy as np
from onnx import TensorProto

from summsvc.models.conversion.students.configuration import Configuration
from summsvc.models.conversion.students.graph import GraphBuilder
from summsvc.models.conversion.students.weights import Matrix, Weights


def encoder(weights: Weights, sizes: Configuration) -> GraphBuilder:
    """Embedded source text to the keys and values of every decoder layer.

    Inputs: ``x`` [batch, source, width]; ``mask`` [batch, 1, 1, source], added to attention
    logits. Outputs: ``keys_i`` [batch, heads, head width, source] and ``values_i`` [batch, heads,
    source, head width] for decoder layers i from 0.
    """
    graph = GraphBuilder()
    x = graph.input("x", ["batch", "source", sizes.width])
    mask = graph.input("mask", ["batch", 1, 1, "source"])
    for layer in range(1, sizes.encoder_layers + 1):
        prefix = f"encoder_l{layer}_self"
        queries, keys, values = (_split_heads(graph, weights, sizes, prefix, p, x) for p in "qkv")
        _, y = graph.attend(
            graph.transpose(queries, 0, 2, 1, 3),
            graph.transpose(keys, 0, 2, 3, 1),
            graph.transpose(values, 0, 2, 1, 3),
            mask,
        )
        y = graph.reshape(graph.transpose(y, 0, 2, 1, 3), [0, 0, sizes.width])
        y = graph.affine(y, _attention(weights, sizes, prefix, "o"))
        x = graph.normalize(graph.add("Add", [x, y]), weights.normalization(f"{prefix}_Wo_ln"))
        x = _feed_forward(graph, weights, sizes, f"encoder_l{layer}_ffn", x)
    for layer in range(sizes.decoder_layers):
        prefix = f"decoder_l{layer + 1}_context"
        keys, values = (_split_heads(graph, weights, sizes, prefix, p, x) for p in "kv")
        keys = graph.transpose(keys, 0, 2, 3, 1)
        graph.output(f"keys_{layer}", keys, ["batch", sizes.heads, sizes.head_width, "source"])
        values = graph.transpose(values, 0, 2, 1, 3)
        graph.output(f"values_{layer}", values, ["batch", sizes.heads, "source", sizes.head_width])
    return graph


def decoder(weights: Weights, sizes: Configuration) -> GraphBuilder:
    """One step of the decoder.

    Inputs: ``x`` [rows, width], the embedded last tokens; ``mask`` [rows, 1, 1, source];
    ``state_i`` [rows, width], ``keys_i`` and ``values_i`` of each layer i. Outputs: ``y``
    [rows, width]; ``attention`` [rows, source], the weights of the head that was trained as the
    word alignment; ``next_i`` [rows, width], the next states.
    """
    graph = GraphBuilder()
    x = graph.input("x", ["rows", sizes.width])
    mask = graph.input("mask", ["rows", 1, 1, "source"])
    attention = ""
    following = []
    for layer in range(sizes.decoder_layers):
        state = graph.input(f"state_{layer}", ["rows", sizes.width])
        keys = graph.input(f"keys_{layer}", ["rows", sizes.heads, sizes.head_width, "source"])
        values = graph.input(f"values_{layer}", ["rows", sizes.heads, "source", sizes.head_width])
        prefix = f"decoder_l{layer + 1}_rnn"
        state = _recurrent_unit(graph, weights, sizes, prefix, x, state)
        following.append(state)
        y = graph.add("Relu", [state])
        x = graph.normalize(graph.add("Add", [x, y]), weights.normalization(f"{prefix}_ffn_ln"))
        prefix = f"decoder_l{layer + 1}_context"
        queries = graph.affine(x, _attention(weights, sizes, prefix, "q"))
        queries = graph.reshape(queries, [-1, sizes.heads, 1, sizes.head_width])
        shares, y = graph.attend(queries, keys, values, mask)
        if layer == sizes.alignment_layer:
            first = graph.constant(np.array([0], np.int64))
            attention = graph.add("Gather", [shares, first], axis=1)
            attention = graph.add("Squeeze", [attention, graph.constant(np.array([1, 2]))])
        y = graph.reshape(y, [-1, sizes.width])
        y = graph.affine(y, _attention(weights, sizes, prefix, "o"))
        x = graph.normalize(graph.add("Add", [x, y]), weights.normalization(f"{prefix}_Wo_ln"))
        x = _feed_forward(graph, weights, sizes, f"decoder_l{layer + 1}_ffn", x)
    graph.output("y", x, ["rows", sizes.width])
    graph.output("attention", attention, ["rows", "source"])
    for layer, state in enumerate(following):
        graph.output(f"next_{layer}", state, ["rows", sizes.width])
    return graph


def output(weights: Weights, sizes: Configuration) -> GraphBuilder:
    """The output layer for a part of the vocabulary.

    Inputs: ``x`` [rows, width]; ``words`` [width, words], 8-bit columns of the output matrix;
    ``bias`` [words]. Output: ``logits`` [rows, words].
    """
    graph = GraphBuilder()
    x = graph.input("x", ["rows", sizes.width])
    words = graph.input("words", [sizes.width, "words"], TensorProto.INT8)
    bias = graph.input("bias", ["words"])
    _logits(graph, weights, sizes, x, words, bias)
    return graph


def full_output(weights: Weights, sizes: Configuration, file: str) -> GraphBuilder:
    """The output layer for the whole vocabulary, see ``output``.

    file: name of the file with the integers of the target embeddings. onnxruntime transposes
    the matrix once, when it loads the graph, and stores it in the order of its product.
    """
    graph = GraphBuilder()
    x = graph.input("x", ["rows", sizes.width])
    bias = graph.input("bias", ["words"])
    rows = graph.external(file, (sizes.target_words, sizes.width))
    _logits(graph, weights, sizes, x, graph.transpose(rows, 1, 0), bias)
    return graph


def _logits(
    graph: GraphBuilder, weights: Weights, sizes: Configuration, x: str, words: str, bias: str
) -> None:
    scale = weights.embeddings(sizes.target_embeddings, sizes.target_words).scale
    logits = graph.product(x, words, bias, scale, weights.output_multiplier())
    graph.output("logits", logits, ["rows", "words"])


def _recurrent_unit(
    graph: GraphBuilder, weights: Weights, sizes: Configuration, prefix: str, x: str, state: str
) -> str:
    """The next state f * state + (1 - f) * W x, where f = sigmoid(Wf x + bf)."""
    width = sizes.width
    new = graph.affine(x, weights.matrix(f"{prefix}_W", width, width, None))
    forget = graph.affine(x, weights.matrix(f"{prefix}_Wf", width, width, f"{prefix}_bf"))
    kept = graph.add("Mul", [graph.add("Sigmoid", [forget]), graph.add("Sub", [state, new])])
    return graph.add("Add", [new, kept])


def _feed_forward(
    graph: GraphBuilder, weights: Weights, sizes: Configuration, prefix: str, x: str
) -> str:
    inner = weights.matrix(f"{prefix}_W1", sizes.width, sizes.inner, f"{prefix}_b1")
    outer = weights.matrix(f"{prefix}_W2", sizes.inner, sizes.width, f"{prefix}_b2")
    y = graph.affine(graph.add("Relu", [graph.affine(x, inner)]), outer)
    return graph.normalize(graph.add("Add", [x, y]), weights.normalization(f"{prefix}_ffn_ln"))


def _attention(weights: Weights, sizes: Configuration, prefix: str, part: str) -> Matrix:
    """The layer "q", "k", "v" or "o" of an attention; queries are scaled."""
    width = sizes.width
    matrix = weights.matrix(f"{prefix}_W{part}", width, width, f"{prefix}_b{part}")
    return matrix.scaled(1 / math.sqrt(sizes.head_width)) if part == "q" else matrix


def _split_heads(
    graph: GraphBuilder, weights: Weights, sizes: Configuration, prefix: str, part: str, x: str
) -> str:
    """Queries, keys or values of a sequence, of shape (batch, length, heads, head width)."""
    y = graph.affine(x, _attention(weights, sizes, prefix, part))
    return graph.reshape(y, [0, 0, sizes.heads, sizes.head_width])
