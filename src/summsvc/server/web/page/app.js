// The page: its form, one run at a time, and the models.

import { CallError, call, facts as readFacts, stream } from "./api.js";
import { copyBar } from "./copying.js";
import { $, bytes, count, h, languageName, say } from "./dom.js";
import { figures } from "./figures.js";
import { command, modelTable, pairOf, pairTable } from "./models.js";
import { Reading, warningItem } from "./reading.js";
import { FormError, requests, task } from "./request.js";
import { expectSummary, linkSentences, showSummary } from "./summary.js";
import { readFile } from "./text.js";
import { errorTitle, kind } from "./words.js";

let facts = { port: 50051, tls: false, token: false };
let limits = {};
let known = { models: [], routes: [] };
let running = null;

// --- The article ---------------------------------------------------------------------------

function setArticle({ title = "", body = "", format = "" }) {
  $("title").value = title;
  $("article").value = body;
  $("format").value = format;
  counted();
}

function counted() {
  const text = $("article").value;
  // Only surrogate pairs count as one character less than JavaScript counts.
  const length = text.length - (text.match(/[\ud800-\udbff](?=[\udc00-\udfff])/g)?.length ?? 0);
  const most = limits.max_body_code_points;
  $("count").textContent = length
    ? `${count(length, "character", "characters")}${most ? ` of at most ${most.toLocaleString("en")}` : ""}`
    : "";
  $("count").classList.toggle("bad", Boolean(most) && length > most);
  $("clear").disabled = !length && !$("title").value;
}

async function openFile(file) {
  clearErrors();
  if (limits.max_message_bytes && file.size > limits.max_message_bytes) {
    showError({ message: `${file.name} has ${bytes(file.size)}; at most ${bytes(limits.max_message_bytes)} can be sent.` }, "The file is too large");
    return;
  }
  const body = await readFile(file);
  if (body === null) {
    showError({ message: `${file.name} is not UTF-8. Save it as UTF-8, or use the command line, which detects other charsets:`, command: `summsvc summarize ${file.name}` }, "The file cannot be read");
    return;
  }
  const format = /\.x?html?$/i.test(file.name) ? "text/html" : /\.(md|markdown)$/i.test(file.name) ? "text/markdown" : "";
  edit();
  setArticle({ body, format });
  say(`${file.name} opened`);
}

async function useSample() {
  const text = await (await fetch("sample.txt")).text();
  const [title, ...rest] = text.trim().split("\n");
  setArticle({ title, body: rest.join("\n").trim() });
  $("article").scrollTop = 0;
  say("The sample article is in the form");
}

function watchDrops() {
  let inside = 0;
  const over = (on) => document.body.classList.toggle("dropping", on);
  const hasFile = (event) => event.dataTransfer?.types.includes("Files");
  addEventListener("dragenter", (event) => hasFile(event) && ((inside += 1), over(true)));
  addEventListener("dragleave", (event) => hasFile(event) && ((inside -= 1), over(inside > 0)));
  addEventListener("dragover", (event) => hasFile(event) && event.preventDefault());
  addEventListener("drop", (event) => {
    if (!hasFile(event)) return;
    event.preventDefault();
    inside = 0;
    over(false);
    if (!running) openFile(event.dataTransfer.files[0]);
  });
}

// --- A run ---------------------------------------------------------------------------------

function setState(state) {
  document.body.dataset.state = state;
  const editing = state === "edit";
  $("editor").hidden = !editing;
  $("result").hidden = editing;
  $("run").hidden = state === "running";
  $("run").textContent = editing ? "Run" : "Run again";
  $("cancel").hidden = state !== "running";
  $("edit").hidden = state !== "done";
  $("progress").hidden = state !== "running";
  $("form").setAttribute("aria-busy", String(state === "running"));
}

function edit() {
  if (running) return;
  setState("edit");
  $("status").textContent = "";
  clearErrors();
}

async function run() {
  if (running) return;
  clearErrors();
  let wanted;
  try {
    wanted = requests();
  } catch (error) {
    if (!(error instanceof FormError)) throw error;
    invalid(error);
    return;
  }
  running = new AbortController();
  const { signal } = running;
  const article = (wanted.Summarize ?? wanted.StreamTranslate.request).article;
  const reading = new Reading($("reading"), article, putBack);
  const result = { requests: wanted };
  for (const id of ["summary", "notes", "figures"]) $(id).replaceChildren();
  if (wanted.Summarize) expectSummary(wanted.Summarize.length.max_sentences);
  if (wanted.StreamTranslate) showNotes(reading, result);
  setState("running");
  $("progress").removeAttribute("value");
  $("cancel").focus();
  status(wanted.StreamTranslate ? "Reading the article …" : "Summarizing …");
  if (matchMedia("(max-width: 900px)").matches) $("output").scrollIntoView();

  const tasks = [];
  if (wanted.Summarize) tasks.push(summarize(wanted.Summarize, reading, result, signal));
  if (wanted.StreamTranslate) tasks.push(translate(wanted.StreamTranslate, reading, result, signal));
  const ends = await Promise.allSettled(tasks);
  running = null;

  if (!reading.list && result.summary) reading.flow();
  const failed = ends.filter((end) => end.status === "rejected").map((end) => end.reason);
  for (const error of failed) if (error.name !== "AbortError") report(error);
  finish(reading, result, signal.aborted, failed.length);
}

async function summarize(request, reading, result, signal) {
  const reply = await call("Summarize", request, signal);
  result.summary = reply;
  reading.addPage(reply.page);
  reading.addNoise(reply.warnings);
  reading.addSummary(reply.sentences);
  showSummary(reply);
  showNotes(reading, result);
}

async function translate(request, reading, result, signal) {
  const parts = { ARTICLE_FIELD_TITLE: [], ARTICLE_FIELD_BODY: [] };
  const events = [];
  let total = 0;
  let done = 0;
  let drawn = true;
  result.progress = () => [done, total];
  const draw = () => {
    drawn = true;
    if (!running) return;
    $("progress").max = Math.max(1, total);
    $("progress").value = done;
    status(`Translating: ${done.toLocaleString("en")} of ${count(total, "sentence", "sentences")}`);
  };
  for await (const event of stream("StreamTranslate", request, signal)) {
    events.push(event);
    if (event.started) {
      total = event.started.segments ?? 0;
      result.started = event.started;
      reading.start(event.started);
      showNotes(reading, result);
    } else if (event.segment) {
      done += 1;
      reading.addSegment(event.segment);
      parts[event.segment.field]?.push(event.segment.separator ?? "", event.segment.text ?? "");
    } else if (event.finished) {
      reading.finish(event.finished);
      result.translation = {
        title: parts.ARTICLE_FIELD_TITLE.join("") + (event.finished.title_separator ?? ""),
        body: parts.ARTICLE_FIELD_BODY.join("") + (event.finished.separator ?? ""),
        language: result.started.target_language_code,
        format: request.request.article.mime_type,
        warnings: event.finished.warnings ?? [],
        stats: event.finished.stats,
        models: result.started.models,
        events,
      };
    }
    if (drawn) {
      drawn = false;
      requestAnimationFrame(draw);
    }
  }
}

function finish(reading, result, cancelled, failures) {
  const { summary, translation } = result;
  if (!summary && !result.started) {
    // Nothing came: the article stays in the form, below the errors.
    setState("edit");
    status(cancelled ? "Cancelled" : "");
    $("run").focus();
    return;
  }
  setState("done");
  if (!summary) $("summary").replaceChildren();
  showNotes(reading, result);
  const stages = [summary && ["Summary", summary], translation && ["Translation", translation]].filter(Boolean);
  if (stages.length) $("figures").replaceChildren(copyBar(result, facts), figures(stages));
  const [done, total] = result.progress?.() ?? [0, 0];
  if (cancelled) {
    status(total ? `Cancelled after ${done.toLocaleString("en")} of ${count(total, "sentence", "sentences")}` : "Cancelled");
  } else if (failures) {
    status("Not complete");
  } else {
    const seconds = Math.max(...stages.map(([, reply]) => reply.stats?.total_ms ?? 0)) / 1000;
    status(`Done in ${seconds < 10 ? seconds.toFixed(2) : seconds.toFixed(0)} s`);
  }
  $("run").focus();
}

// What is known of the whole article, from the start of a run on, so that nothing moves later.
function showNotes(reading, { requests, summary, started, translation }) {
  const language = summary?.language ?? started?.language;
  const seen = new Set();
  const warnings = [...(summary?.warnings ?? []), ...(translation?.warnings ?? started?.warnings ?? [])].filter((warning) => {
    const name = `${warning.type}:${warning.message}`;
    const shown = reading.has(warning) || kind(warning) === "BOILERPLATE_REMOVED" ||
      (kind(warning) === "PAGE_FURNITURE_REMOVED" && reading.page);
    if (shown || seen.has(name)) return false;
    seen.add(name);
    return true;
  });
  const identified = language
    ? `${languageName(language.code)}${language.identified ? `, identified with confidence ${(language.confidence ?? 0).toFixed(2)}` : ", as you chose"}`
    : "\u00a0";
  const kept = $("keep").checked
    ? h("p", { class: "hint kept" }, "Noise is kept. ", h("button", { type: "button", class: "small", onclick: leaveOut }, "Leave it out"))
    : null;
  $("notes").replaceChildren(
    h("h2", {}, requests.StreamTranslate ? "Article and translation" : "Article"),
    h("p", { class: "hint" }, identified),
    ...[kept].filter(Boolean),
    ...(warnings.length ? [h("ul", { class: "remarks whole", "aria-label": "Warnings about the whole article" }, ...warnings.map(warningItem))] : []));
}

function putBack() {
  $("keep").checked = true;
  run();
}

function leaveOut() {
  $("keep").checked = false;
  run();
}

// --- What is said ----------------------------------------------------------------------------

function status(text) {
  $("status").textContent = text;
}

function clearErrors() {
  $("errors").replaceChildren();
  for (const element of document.querySelectorAll("[aria-invalid]")) {
    element.removeAttribute("aria-invalid");
  }
}

function report(error) {
  if (!(error instanceof CallError)) {
    showError({ message: "The page failed; the browser’s console has the cause." });
    console.error(error);
    return;
  }
  const { details } = error;
  const again = details.retry_after_s ? ` Try again in ${Math.ceil(details.retry_after_s)} s.` : "";
  const wanted = details.metadata?.command;
  const message = wanted ? details.message.replace(/;? ?install with: .*$/, ".") : details.message;
  showError({ ...details, message: sentence(message) + again, command: wanted });
  const field = FIELDS[(details.field ?? "").replace(/^request\./, "").replace(/\[.*$/, "")];
  if (field) $(field).setAttribute("aria-invalid", "true");
}

const FIELDS = {
  "article.title": "title",
  "article.body": "article",
  "article.language_code": "language",
  "article.mime_type": "format",
  target_language_code: "target",
  glossary: "glossary",
  do_not_translate: "protected",
  "length.max_sentences": "amount",
  "length.max_words": "amount",
  "length.ratio": "amount",
};

const sentence = (text) => {
  const first = text ? text[0].toUpperCase() + text.slice(1) : "";
  return /[.!?:]$/.test(first) ? first : `${first}.`;
};

function showError({ message, reason, command: wanted }, title = undefined) {
  $("errors").append(
    h("div", { class: "notice error" },
      h("strong", {}, title ?? errorTitle({ reason })),
      h("p", {}, message),
      wanted ? commandLine(wanted) : null,
      reason ? h("p", { class: "hint" }, `Reason: ${reason}`) : null));
}

const commandLine = (text) =>
  text.startsWith("summsvc models pull ") ? command(text.split(" ").slice(3)) : h("code", {}, text);

function invalid(error) {
  showError({ message: error.message }, "Check the form");
  const element = $(error.field);
  element.setAttribute("aria-invalid", "true");
  const details = element.closest("details");
  if (details) details.open = true;
  element.focus();
}

// --- The server ------------------------------------------------------------------------------

async function readServer() {
  try {
    facts = await readFacts();
    const info = await call("GetServerInfo");
    limits = info.limits ?? {};
    $("server").textContent = `Version ${info.version}`;
    $("amount").max = Math.max(100, limits.max_summary_sentences ?? 1000);
    const codes = [...(info.languages ?? [])].sort((a, b) => languageName(a).localeCompare(languageName(b)));
    $("language").append(...codes.map((code) => h("option", { value: code }, languageName(code))));
    counted();
    await readModels();
  } catch (error) {
    report(error);
  }
}

async function readModels() {
  known = await call("ListModels");
  known.routes ??= [];
  known.models ??= [];
  showTargets();
}

function showTargets() {
  const from = $("language").value || "en";
  const before = $("target").value;
  const routes = known.routes.filter((route) => pairOf(route)[0] === from);
  const options = routes.map((route) => {
    const code = pairOf(route)[1];
    return { code, name: languageName(code), installed: Boolean(route.installed) };
  });
  options.sort((a, b) => b.installed - a.installed || a.name.localeCompare(b.name));
  $("target").replaceChildren(...options.map(({ code, name, installed }) =>
    h("option", { value: code }, installed ? name : `${name} (no model installed)`)));
  if (options.some(({ code }) => code === before)) $("target").value = before;
  showRoute();
}

function showRoute() {
  const from = $("language").value || "en";
  const route = known.routes.find((each) => pairOf(each).join() === `${from},${$("target").value}`);
  const hint = $("route");
  if (!route) {
    hint.textContent = known.routes.length ? "No model translates from this language." : "";
  } else if (route.installed) {
    hint.textContent = `From ${languageName(from)}: ${route.models.join(", then ")}`;
  } else {
    hint.replaceChildren("Install first: ", command(route.models));
  }
}

async function showModels() {
  try {
    await readModels();
    $("pairs").replaceChildren(...pairTable(known));
    $("list").replaceChildren(...modelTable(known));
  } catch (error) {
    $("pairs").replaceChildren(h("p", { class: "notice error" }, error.message));
  }
}

// --- The page --------------------------------------------------------------------------------

function showPage() {
  const models = location.hash === "#models";
  $("try").hidden = models;
  $("models").hidden = !models;
  const [current, other] = models ? ["nav-models", "nav-try"] : ["nav-try", "nav-models"];
  $(current).setAttribute("aria-current", "page");
  $(other).removeAttribute("aria-current");
  if (models) showModels();
}

function showTask() {
  document.body.dataset.task = task();
}

function switchTheme() {
  const dark = isDark();
  document.documentElement.dataset.theme = dark ? "light" : "dark";
  localStorage.setItem("theme", dark ? "light" : "dark");
  nameTheme();
}

const isDark = () =>
  (document.documentElement.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";

function nameTheme() {
  $("theme").setAttribute("aria-label", `Switch to the ${isDark() ? "light" : "dark"} theme`);
}

let counting = 0;
$("article").addEventListener("input", () => {
  clearTimeout(counting);
  counting = setTimeout(counted, 120);
});
$("title").addEventListener("input", counted);
$("sample").addEventListener("click", useSample);
$("open").addEventListener("click", () => $("file").click());
$("file").addEventListener("change", () => {
  if ($("file").files.length) openFile($("file").files[0]);
  $("file").value = "";
});
$("clear").addEventListener("click", () => {
  setArticle({});
  $("title").focus();
});
$("form").addEventListener("submit", (event) => {
  event.preventDefault();
  run();
});
$("form").addEventListener("change", showTask);
$("language").addEventListener("change", showTargets);
$("target").addEventListener("change", showRoute);
$("unit").addEventListener("change", () => {
  $("amount").value = { max_sentences: 3, max_words: 60, ratio: 20 }[$("unit").value];
});
$("cancel").addEventListener("click", () => running?.abort());
$("edit").addEventListener("click", () => {
  edit();
  $("article").focus();
});
$("theme").addEventListener("click", switchTheme);
addEventListener("hashchange", showPage);
addEventListener("keydown", (event) => {
  if (event.key === "Escape" && running) running.abort();
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    run();
  }
});

watchDrops();
linkSentences($("result"));
nameTheme();
showTask();
setState("edit");
counted();
showPage();
readServer();
