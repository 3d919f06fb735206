// The requests that the form asks for.

import { $ } from "./dom.js";
import { recognized } from "./text.js";

// A value of the form that cannot be sent. field: id of its element.
export class FormError extends Error {
  constructor(field, message) {
    super(message);
    this.field = field;
  }
}

export const task = () => document.querySelector("input[name=task]:checked").value;

export const format = () => $("format").value || recognized($("article").value);

// The requests by method; only those that the task needs.
export function requests() {
  const article = {
    title: $("title").value.replace(/\s+/g, " ").trim(),
    body: $("article").value,
    language_code: $("language").value,
    mime_type: format(),
  };
  const keep_boilerplate = $("keep").checked;
  const found = {};
  if (task() !== "translation") {
    found.Summarize = {
      article,
      length: length(),
      method: $("method").value || "SUMMARY_METHOD_UNSPECIFIED",
      target_language_code: $("cross").checked ? $("target").value : "",
      keep_boilerplate,
    };
  }
  if (task() !== "summary") {
    found.StreamTranslate = {
      request: {
        article,
        target_language_code: $("target").value,
        do_not_translate: lines("protected"),
        glossary: lines("glossary").map(entry),
        keep_boilerplate,
      },
    };
  }
  return found;
}

function length() {
  const amount = Number($("amount").value);
  const unit = $("unit").value;
  if (!(amount > 0)) throw new FormError("amount", "The length must be a number above 0.");
  if (unit === "ratio") {
    if (amount > 100) throw new FormError("amount", "The length must be at most 100 %.");
    return { ratio: amount / 100 };
  }
  if (!Number.isInteger(amount)) throw new FormError("amount", "The length must be a whole number.");
  return { [unit]: amount };
}

const lines = (id) => $(id).value.split("\n").map((line) => line.trim()).filter(Boolean);

function entry(line) {
  const [source, target, ...more] = line.split(/\s*(?:=|→|\t)\s*/);
  if (!source || !target || more.length) {
    throw new FormError("glossary", `“${line}” is not of the form term = translation.`);
  }
  return { source, target };
}
