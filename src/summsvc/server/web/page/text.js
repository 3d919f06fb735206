// Places in a text: the server counts Unicode code points, JavaScript UTF-16 units.

// Slices of a text by spans of code points. Spans should come in order of their starts.
export class Source {
  constructor(text) {
    this.text = text;
    // Only surrogate pairs make a difference.
    this.wide = /[\ud800-\udbff]/.test(text);
    this.point = 0;
    this.unit = 0;
  }

  // UTF-16 offset of a code point.
  at(point) {
    if (!this.wide) return point;
    if (point < this.point) this.point = this.unit = 0;
    while (this.point < point && this.unit < this.text.length) {
      this.unit += this.text.codePointAt(this.unit) > 0xffff ? 2 : 1;
      this.point += 1;
    }
    return this.unit;
  }

  slice(start, end) {
    const from = this.at(start);
    return this.text.slice(from, this.at(end));
  }
}

export const span = (value) => ({ start: value?.start ?? 0, end: value?.end ?? 0 });

const ENTITIES = {
  amp: "&", lt: "<", gt: ">", quot: '"', apos: "'", nbsp: " ", ndash: "–", mdash: "—",
  hellip: "…", laquo: "«", raquo: "»", bdquo: "„", ldquo: "“", rdquo: "”", lsquo: "‘",
  rsquo: "’", copy: "©", euro: "€", shy: "", middot: "·", bull: "•", times: "×",
};
const BLOCKS = new Set(
  ("address article aside blockquote body br caption dd div dl dt fieldset figcaption figure " +
   "footer form h1 h2 h3 h4 h5 h6 head header hr html li main nav ol p pre section table tbody " +
   "td tfoot th thead title tr ul").split(" "),
);
const MARKUP = /<!--[\s\S]*?(?:-->|$)|<(script|style|noscript|template|title)\b[\s\S]*?(?:<\/\1\s*>|$)|<\/?([a-z][\w-]*)\b(?:"[^"]*"|'[^']*'|[^'">])*>|<![^>]*>/gi;

// The readable text of a place; HTML is never parsed as markup by the browser. Paragraphs are
// divided by line feeds in HTML, by blank lines in other formats.
export function readable(text, format) {
  if (format !== "text/html") return text;
  const bare = text.replace(/\s+/g, " ").replace(MARKUP, (_, hidden, name) =>
    name && BLOCKS.has(name.toLowerCase()) ? "\n" : hidden ? " " : "",
  );
  return decoded(bare).replace(/ *\n[ \n]*/g, "\n\n");
}

function decoded(text) {
  return text.replace(/&(#x[\da-f]{1,6}|#\d{1,7}|[a-z]+\d*);?/gi, (whole, name) => {
    if (name[0] !== "#") return ENTITIES[name] ?? whole;
    const code = name[1] === "x" || name[1] === "X" ? parseInt(name.slice(2), 16) : Number(name.slice(1));
    return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}

// The same without white space around it and line feeds in it.
export const shown = (text, format) => readable(text, format).replace(/\s+/g, " ").trim();

// The format of a text that its user has not named.
export function recognized(text) {
  const head = text.slice(0, 4000);
  if (/^\s*(?:<\?xml[^>]*>\s*)?(?:<!--[\s\S]*?-->\s*)*<(?:!doctype\s+html|html|head|body|article|div|p|h1)\b/i.test(head)) {
    return "text/html";
  }
  if ((head.match(/<\/(?:p|div|li|a|h[1-6]|strong|em|span)>/gi) ?? []).length > 2) return "text/html";
  if (/^#{1,6} \S/m.test(head) || /\[[^\]\n]+\]\(https?:[^)\s]+\)/.test(head)) return "text/markdown";
  return "text/plain";
}

// Reads a file as UTF-8, or in the charset that an HTML file names; null when neither fits.
export async function readFile(file) {
  const data = await file.arrayBuffer();
  const head = new TextDecoder("windows-1252").decode(data.slice(0, 2048));
  const named = /charset\s*=\s*["']?([\w-]+)/i.exec(head)?.[1];
  for (const charset of ["utf-8", named]) {
    if (!charset) continue;
    try {
      return new TextDecoder(charset, { fatal: true }).decode(data);
    } catch {
      // Try the next one.
    }
  }
  return null;
}
