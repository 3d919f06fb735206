// The result as text, HTML and JSON, and the request as commands.

import { copyButton, h } from "./dom.js";

// run: the requests by method, the summary, and the translation with its events; facts: of the
// server's gRPC port.
export function copyBar(run, facts) {
  return h("div", { class: "copy", role: "group", "aria-label": "Copy the result" },
    h("span", { class: "hint" }, "Copy as"),
    copyButton("Text", () => asText(run)),
    copyButton("HTML", () => asHtml(run)),
    copyButton("JSON", () => asJson(run)),
    h("span", { class: "hint" }, "Request as"),
    copyButton("grpcurl", () => asGrpcurl(run, facts)),
    copyButton("Python", () => asPython(run, facts)));
}

export function asText({ summary, translation }) {
  const parts = [];
  if (summary) parts.push(summary.summary ?? "");
  if (translation) parts.push([translation.title, translation.body].filter(Boolean).join("\n\n"));
  return `${parts.join("\n\n").trim()}\n`;
}

export function asHtml({ summary, translation }) {
  const parts = [];
  if (summary) {
    const items = (summary.sentences ?? []).map((each) => `  <li>${escaped(each.text ?? "")}</li>\n`);
    parts.push(`<ul lang="${escaped(summary.summary_language_code ?? "")}">\n${items.join("")}</ul>\n`);
  }
  if (translation) {
    const { title, body, format, language } = translation;
    const text = format === "text/html"
      ? body
      : body.trim().split(/\n\s*\n/).map((each) => `<p>${escaped(each.trim())}</p>\n`).join("");
    parts.push(`<div lang="${escaped(language)}">\n${title ? `<h1>${escaped(title)}</h1>\n` : ""}${text}</div>\n`);
  }
  return parts.join("");
}

const escaped = (text) =>
  text.replace(/[&<>"]/g, (sign) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[sign]);

export function asJson({ summary, translation }) {
  const found = {};
  if (summary) found.Summarize = summary;
  if (translation) found.StreamTranslate = translation.events;
  return `${JSON.stringify(found, null, 2)}\n`;
}

const SERVICES = {
  Summarize: "summsvc.v1.SummarizationService",
  StreamTranslate: "summsvc.v1.TranslationService",
};

const host = (facts) => {
  const name = location.hostname;
  return `${name}:${facts.port}`;
};

export function asGrpcurl({ requests }, facts) {
  const options = facts.tls ? "-cacert ca.pem" : "-plaintext";
  const token = facts.token ? ' \\\n  -H "authorization: Bearer $SUMMSVC_TOKEN"' : "";
  return Object.entries(requests)
    .map(([method, request]) =>
      `grpcurl ${options}${token} -d @ ${host(facts)} \\\n  ${SERVICES[method]}/${method} <<'JSON'\n` +
      `${JSON.stringify(request, null, 2)}\nJSON\n`)
    .join("\n");
}

export function asPython({ requests }, facts) {
  const { article } = requests.Summarize ?? requests.StreamTranslate.request;
  const options = [`"${host(facts)}"`];
  if (facts.tls) options.push('tls_ca="ca.pem"');
  if (facts.token) options.push('token=os.environ["SUMMSVC_TOKEN"]');
  const html = article.mime_type !== "text/plain";
  const lines = [
    ...(facts.token ? ["import os", ""] : []),
    `from summsvc.client import Article, Client${html ? ", MimeType" : ""}`,
    "",
    "article = Article(",
    `    title=${python(article.title)},`,
    `    body=${python(article.body)},`,
    ...(article.language_code ? [`    language=${python(article.language_code)},`] : []),
    ...(html ? [`    mime_type=MimeType(${python(article.mime_type)}),`] : []),
    ")",
    `with Client(${options.join(", ")}) as client:`,
  ];
  if (requests.Summarize) lines.push(...summaryCall(requests.Summarize));
  if (requests.StreamTranslate) lines.push(...translationCall(requests.StreamTranslate.request));
  return `${lines.join("\n")}\n`;
}

function summaryCall(request) {
  const options = Object.entries(request.length).map(([name, value]) => `${name}=${value}`);
  const method = { SUMMARY_METHOD_EXTRACTIVE: "extractive", SUMMARY_METHOD_ABSTRACTIVE: "abstractive" }[request.method];
  if (method) options.push(`method="${method}"`);
  if (request.target_language_code) options.push(`target_language=${python(request.target_language_code)}`);
  if (request.keep_boilerplate) options.push("keep_boilerplate=True");
  return [`    summary = client.summarize(article, ${options.join(", ")})`, "    print(summary.text)"];
}

function translationCall(request) {
  const options = [python(request.target_language_code)];
  if (request.do_not_translate.length) options.push(`do_not_translate=${python(request.do_not_translate)}`);
  if (request.glossary.length) {
    const entries = request.glossary.map(({ source, target }) => `${python(source)}: ${python(target)}`);
    options.push(`glossary={${entries.join(", ")}}`);
  }
  if (request.keep_boilerplate) options.push("keep_boilerplate=True");
  return [
    `    translation = client.translate(article, ${options.join(", ")})`,
    "    print(translation.title)",
    "    print(translation.body)",
  ];
}

// A string, or list of strings, of JSON is one of Python.
const python = (value) => JSON.stringify(value);
