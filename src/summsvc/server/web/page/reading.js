// The article with its summary sentences and its noise, and the translation beside it.

import { count, h, languageName } from "./dom.js";
import { Source, readable, shown, span } from "./text.js";
import { isQuiet, kind, label } from "./words.js";

const TITLE = "ARTICLE_FIELD_TITLE";
const BODY = "ARTICLE_FIELD_BODY";
const SHOWN_FURNITURE = 200;

const place = (field, where) => `${field}:${where.start}:${where.end}`;

export class Reading {
  // article: as sent. putBack: called to run again with the noise.
  constructor(root, article, putBack) {
    this.root = root;
    this.article = article;
    this.putBack = putBack;
    this.title = new Source(article.title);
    this.body = new Source(article.body);
    this.picked = new Map(); // Summary sentences by their place.
    this.noise = []; // Warnings about removed text, in order, that no row shows yet.
    this.rows = new Map(); // Rows by their place.
    this.seen = new Set();
    this.paragraph = null;
    root.replaceChildren();
    root.onkeydown = (event) => this.move(event);
  }

  source(field, where) {
    return (field === TITLE ? this.title : this.body).slice(where.start, where.end);
  }

  text(field, where) {
    return shown(this.source(field, where), field === TITLE ? "" : this.article.mime_type);
  }

  // Warnings about removed text, which the article shows in their places.
  addNoise(warnings = []) {
    for (const warning of warnings) {
      if (kind(warning) !== "BOILERPLATE_REMOVED" || !warning.span) continue;
      const where = span(warning.span);
      const key = place(warning.field, where);
      if (this.seen.has(key)) continue;
      this.seen.add(key);
      this.noise.push({ field: warning.field, where, message: warning.message });
    }
    this.noise.sort((a, b) => order(a) - order(b) || a.where.start - b.where.start);
  }

  addPage(page) {
    if (!page?.furniture?.length || this.page) return;
    this.page = page;
    // The server takes the page's title for an article without one.
    if (!this.article.title && page.title) this.title = new Source(page.title);
    const list = h("ul", { class: "furniture", hidden: true });
    const show = h("button", { type: "button", class: "small", "aria-expanded": "false" }, "Show");
    show.onclick = () => {
      if (!list.childElementCount) {
        for (const each of page.furniture.slice(0, SHOWN_FURNITURE)) {
          const text = this.text(BODY, span(each));
          if (text) list.append(h("li", {}, text));
        }
      }
      list.hidden = !list.hidden;
      show.textContent = list.hidden ? "Show" : "Hide";
      show.setAttribute("aria-expanded", String(!list.hidden));
    };
    const about = [page.byline, page.published?.slice(0, 10)].filter(Boolean).join(", ");
    this.root.append(
      h("div", { class: "noise page" },
        h("p", {}, `${count(page.furniture_blocks ?? 0, "part", "parts")} of the page around the ` +
          `article left out (${count(page.furniture_code_points ?? 0, "character", "characters")}).` +
          (about ? ` The page says: ${about}.` : "")),
        h("span", { class: "tools" }, show, this.putBackButton())),
      list,
    );
  }

  putBackButton() {
    return h("button", { type: "button", class: "small", onclick: this.putBack }, "Put it back");
  }

  noiseRow(noise, tag = "li") {
    const text = this.text(noise.field, noise.where);
    return h(tag, { class: "noise" },
      h("p", {}, h("span", { class: "why" }, reason(noise.message)), h("del", {}, text)),
      this.putBackButton());
  }

  // Sentences of the summary, by which rows are marked now and later.
  addSummary(sentences = []) {
    sentences.forEach((sentence, index) => {
      if (!sentence.source_span) return;
      const key = place(sentence.field, span(sentence.source_span));
      this.picked.set(key, { index, score: sentence.score ?? 0 });
      const row = this.rows.get(key);
      if (row) this.mark(row, key);
    });
  }

  mark(row, key) {
    const picked = this.picked.get(key);
    if (!picked) return;
    row.classList.add("picked");
    row.dataset.key = picked.index;
    row.querySelector(".source").append(score(picked.score));
  }

  // The article in one column, once the summary is known.
  flow() {
    const { article } = this;
    const marks = [...this.picked].map(([key, picked]) => {
      const [field, start, end] = key.split(":");
      return { field, where: { start: Number(start), end: Number(end) }, picked };
    });
    const furniture = (this.page?.furniture ?? []).map((each) => ({
      field: BODY, where: span(each), hidden: true,
    }));
    const flow = h("div", { class: "flow" });
    if (this.title.text) {
      const mark = marks.find((each) => each.field === TITLE);
      const text = this.title.text;
      flow.append(h("h2", { class: "headline" }, mark ? this.highlight(text, mark.picked) : text));
    }
    const pieces = [...marks, ...this.noise, ...furniture]
      .filter((piece) => piece.field !== TITLE)
      .sort((a, b) => a.where.start - b.where.start);
    let paragraph = null;
    const add = (...nodes) => {
      if (!paragraph) flow.append((paragraph = h("p", {})));
      paragraph.append(...nodes);
    };
    let at = 0;
    const gap = (end) => {
      const parts = readable(this.body.slice(at, end), article.mime_type).split(/\n\s*\n/);
      parts.forEach((part, index) => {
        if (index) paragraph = null;
        if (part.trim() || (paragraph && part)) add(part);
      });
    };
    const length = this.body.wide ? [...article.body].length : article.body.length;
    for (const piece of pieces) {
      if (piece.where.start < at) continue;
      gap(piece.where.start);
      at = piece.where.end;
      if (piece.picked) {
        add(this.highlight(this.text(BODY, piece.where), piece.picked));
      } else if (!piece.hidden) {
        flow.append(this.noiseRow(piece, "div"));
        paragraph = null;
      }
    }
    gap(length);
    this.root.append(flow);
  }

  highlight(text, picked) {
    return h("mark", { "data-key": picked.index, tabIndex: 0 }, text, score(picked.score));
  }

  // The first event of a translation.
  start(started) {
    this.languages = [started.language?.code ?? "", started.target_language_code];
    this.addNoise(started.warnings);
    this.addPage(started.page);
    this.list = h("div", { class: "rows" },
      h("div", { class: "heads", "aria-hidden": "true" },
        ...this.languages.map((code) => h("span", {}, languageName(code)))));
    this.root.append(this.list);
  }

  addSegment(segment) {
    const where = span(segment.source_span);
    this.flushNoise(segment.field, where.start);
    this.open(segment.field, segment.paragraph ?? 0);
    const key = place(segment.field, where);
    const [from, to] = this.languages;
    const format = segment.field === TITLE ? "" : this.article.mime_type;
    const row = h("li", { class: "row", tabIndex: this.rows.size ? -1 : 0 },
      h("p", { class: "source", lang: from }, segment.source_text ?? ""),
      h("p", { class: "target", lang: to }, shown(segment.text ?? "", format)),
      this.remarks(segment));
    if (segment.kind === "SEGMENT_KIND_HEADING") row.classList.add("heading");
    this.rows.set(key, row);
    this.mark(row, key);
    this.paragraph.append(row);
  }

  remarks(segment) {
    const terms = (segment.terms ?? []).map((term) =>
      h("li", { class: term.applied ? "term" : "term bad" },
        term.source === term.target ? term.source : `${term.source} → ${term.target}`,
        h("span", { class: "unseen" }, term.applied ? " used" : " not used")));
    const warnings = (segment.warnings ?? []).map(warningItem);
    if (!terms.length && !warnings.length) return null;
    return h("ul", { class: "remarks", "aria-label": "Remarks" }, ...warnings, ...terms);
  }

  open(field, paragraph) {
    const name = `${field}:${paragraph}`;
    if (this.paragraph?.dataset.name === name) return;
    this.paragraph = h("ol", { class: "paragraph", "data-name": name });
    if (field === TITLE) this.paragraph.classList.add("headline");
    this.list.append(this.paragraph);
  }

  flushNoise(field, before) {
    while (this.noise.length) {
      const [next] = this.noise;
      const earlier = order(next) < order({ field }) ||
        (next.field === field && next.where.start < before);
      if (!earlier) return;
      this.noise.shift();
      this.list.append(this.noiseRow(next, "div"));
      this.paragraph = null;
    }
  }

  finish(finished) {
    this.addNoise(finished.warnings);
    this.flushNoise("", 0);
    for (const each of this.noise.splice(0)) this.list.append(this.noiseRow(each, "div"));
  }

  // Places of all sentences, for warnings that a row shows already.
  has(warning) {
    return warning.span && this.rows.has(place(warning.field, span(warning.span)));
  }

  // The arrow keys move between sentences, of which one is in the order of the Tab key.
  move(event) {
    const row = event.target.closest?.(".row");
    if (!row) return;
    const all = [...this.rows.values()];
    const at = all.indexOf(row);
    const next = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: all.length - 1 }[event.key];
    if (next === undefined || !all[next]) return;
    event.preventDefault();
    row.tabIndex = -1;
    all[next].tabIndex = 0;
    all[next].focus();
  }
}

const order = ({ field }) => (field === TITLE ? 0 : field === BODY ? 1 : 2);

// What kind of noise a message names: “left out a byline: “Admin””.
const reason = (message) => {
  const found = /^left out (?:an? |the )?([^:]+):/i.exec(message ?? "");
  const text = found ? found[1] : "noise";
  return text[0].toUpperCase() + text.slice(1);
};

function score(value) {
  const text = value.toFixed(2);
  return h("span", { class: "score", title: "How central the sentence is in the article, 0 to 1" },
    h("span", { class: "unseen" }, " Score "), text);
}

export function warningItem(warning) {
  return h("li", { class: isQuiet(warning) ? "warning quiet" : "warning" },
    h("strong", {}, label(warning)), " ", sentence(warning.message));
}

const sentence = (text = "") => (text ? text[0].toUpperCase() + text.slice(1) : "");
