// Models at a glance: which pairs work, which model, its size, state and licence.

import { bytes, copyButton, h, languageName } from "./dom.js";

const STATES = {
  MODEL_STATE_NOT_INSTALLED: ["Not installed", "absent"],
  MODEL_STATE_INSTALLED: ["Installed", "ready"],
  MODEL_STATE_LOADING: ["Loading", "busy"],
  MODEL_STATE_READY: ["Ready", "ready"],
  MODEL_STATE_FAILED: ["Failed", "failed"],
};

export const pairOf = (route) => [route.pair?.source_language_code, route.pair?.target_language_code];

export function pairTable({ routes = [], models = [] }) {
  const states = new Map(models.map((model) => [model.id, model.state]));
  const languages = [...new Set(routes.flatMap(pairOf))].sort((a, b) =>
    languageName(a).localeCompare(languageName(b)));
  const cell = (from, to) => {
    const route = routes.find((each) => pairOf(each).join() === `${from},${to}`);
    if (from === to || !route) {
      return h("td", { class: "none" }, h("span", { class: "unseen" }, "no route"), h("span", { "aria-hidden": "true" }, "–"));
    }
    const failed = route.models.some((id) => states.get(id) === "MODEL_STATE_FAILED");
    const [text, style] = failed ? ["Failed", "failed"] : route.installed ? ["Works", "ready"] : ["Not installed", "absent"];
    return h("td", { class: style }, state(text, style), h("span", { class: "via" }, route.models.join(" + ")),
      route.installed || failed ? null : command(route.models.filter((id) => states.get(id) === "MODEL_STATE_NOT_INSTALLED")));
  };
  return [
    h("h2", {}, "Translation"),
    scrolled("Language pairs", h("table", { class: "pairs" },
      h("thead", {}, h("tr", {}, h("td", { class: "corner" }, "from ↓ to →"),
        ...languages.map((code) => h("th", { scope: "col" }, languageName(code))))),
      h("tbody", {}, ...languages.map((from) =>
        h("tr", {}, h("th", { scope: "row" }, languageName(from)), ...languages.map((to) => cell(from, to))))))),
  ];
}

export function modelTable({ models = [] }) {
  const rank = (model) => (model.state === "MODEL_STATE_NOT_INSTALLED" ? 1 : 0);
  const rows = [...models].sort((a, b) => rank(a) - rank(b) || a.id.localeCompare(b.id)).map(row);
  const head = ["Model", "Task", "Languages", "State", "Size", "Licence"];
  return [
    h("h2", {}, "All models"),
    h("p", { class: "hint" }, "Summaries of sentences of the article need no model."),
    scrolled("All models", h("table", {},
      h("thead", {}, h("tr", {}, ...head.map((text) => h("th", { scope: "col" }, text)))),
      h("tbody", {}, ...rows))),
  ];
}

function row(model) {
  const [text, style] = STATES[model.state] ?? [model.state, "busy"];
  const licence = model.license ?? {};
  const pairs = (model.language_pairs ?? []).map((pair) =>
    pair.source_language_code === pair.target_language_code
      ? pair.source_language_code
      : `${pair.source_language_code} → ${pair.target_language_code}`);
  const languages = pairs.length > 6 ? `${pairs.slice(0, 6).join(", ")} and ${pairs.length - 6} more` : pairs.join(", ");
  return h("tr", {},
    h("th", { scope: "row" }, model.id, h("span", { class: "via" }, [model.engine, model.compute_type, model.device].filter(Boolean).join(", "))),
    h("td", {}, model.task === "MODEL_TASK_SUMMARIZATION" ? "Summary" : "Translation"),
    h("td", {}, languages),
    h("td", { class: "state-cell" }, state(text, style),
      style === "absent" ? command([model.id]) : null,
      model.error ? h("span", { class: "via bad" }, model.error) : null),
    h("td", { class: "number" }, model.size_bytes ? bytes(Number(model.size_bytes)) : "–"),
    h("td", {}, licence.spdx_id || "none named",
      licence.non_commercial ? h("span", { class: "via bad" }, "not for commercial use") : null,
      licence.note ? h("span", { class: "via" }, licence.note) : null));
}

const state = (text, style) => h("span", { class: `state ${style}` }, text);

// The command that installs models, with a button to copy it.
export function command(ids) {
  const text = `summsvc models pull ${ids.join(" ")}`;
  return h("span", { class: "command" }, h("code", {}, text), copyButton("Copy", () => text));
}

const scrolled = (label, table) =>
  h("div", { class: "scroll", tabIndex: 0, role: "region", "aria-label": label }, table);
