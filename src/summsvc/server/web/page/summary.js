// The summary, its scores and its doubts.

import { $, h, languageName } from "./dom.js";
import { Source, span } from "./text.js";
import { warningItem } from "./reading.js";
import { kind } from "./words.js";

const EXPECTED = 3;

// Keeps the place of a summary until it comes. sentences: how many are asked for, if known.
export function expectSummary(sentences = EXPECTED) {
  const bones = Array.from({ length: Math.min(sentences, 10) }, () => h("li", { class: "bone" }));
  $("summary").replaceChildren(
    h("h2", {}, "Summary"),
    h("p", { class: "hint" }, "\u00a0"),
    h("ol", { class: "sentences", "aria-hidden": "true" }, ...bones),
  );
}

export function showSummary(reply) {
  const code = reply.summary_language_code ?? "";
  const written = reply.method === "SUMMARY_METHOD_ABSTRACTIVE";
  const list = h("ol", { class: "sentences", lang: code },
    ...(reply.sentences ?? []).map((sentence, index) => item(sentence, index)));
  $("summary").replaceChildren(
    h("h2", {}, "Summary"),
    h("p", { class: "hint" },
      [written ? "Written by a model" : "Sentences of the article", languageName(code)].join(" · ")),
    list,
  );
}

function item(sentence, index) {
  const linked = Boolean(sentence.source_span);
  const text = h(linked ? "button" : "p", { class: "sentence", ...(linked ? { type: "button" } : {}) },
    ...doubted(sentence));
  if (linked) text.title = "Show it in the article";
  const warnings = (sentence.warnings ?? []).map(warningItem);
  return h("li", linked ? { "data-key": index } : {},
    text,
    linked ? meter(sentence.score ?? 0) : null,
    warnings.length ? h("ul", { class: "remarks" }, ...warnings) : null);
}

function meter(value) {
  return h("span", { class: "meter", "aria-hidden": "true" },
    h("meter", { min: 0, max: 1, value }), value.toFixed(2));
}

// The sentence with the claims marked that the article does not support.
function doubted(sentence) {
  const text = sentence.text ?? "";
  const places = (sentence.warnings ?? [])
    .filter((warning) => kind(warning) === "UNSUPPORTED_CLAIM" && warning.output_span)
    .map((warning) => span(warning.output_span))
    .sort((a, b) => a.start - b.start);
  const source = new Source(text);
  const parts = [];
  let at = 0;
  for (const { start, end } of places) {
    if (start < at) continue;
    parts.push(source.slice(at, start), h("em", { class: "doubt" }, source.slice(start, end)));
    at = end;
  }
  parts.push(text.slice(source.at(at)));
  return parts;
}

// Shows the partner of a sentence: the summary's in the article, the article's in the summary.
export function linkSentences(root) {
  const linked = (key, on) => {
    for (const each of root.querySelectorAll(`[data-key="${key}"]`)) {
      each.classList.toggle("linked", on);
    }
  };
  const key = (event) => event.target.closest?.("[data-key]")?.dataset.key;
  for (const [type, on] of [["pointerover", true], ["pointerout", false], ["focusin", true], ["focusout", false]]) {
    root.addEventListener(type, (event) => {
      const found = key(event);
      if (found !== undefined) linked(found, on);
    });
  }
  root.addEventListener("click", (event) => {
    const button = event.target.closest?.("button.sentence");
    if (!button) return;
    const other = root.querySelector(`.reading [data-key="${key(event)}"]`);
    other?.scrollIntoView({ block: "center" });
    other?.focus({ preventScroll: true });
  });
}
