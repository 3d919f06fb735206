// Durations, tokens and models of each stage.

import { h } from "./dom.js";

// stages: pairs of a name and the reply, or the events joined to one.
export function figures(stages) {
  const rows = stages.map(([name, reply]) => {
    const stats = reply.stats ?? {};
    return h("tr", {},
      h("th", { scope: "row" }, name, h("span", { class: "models-used" }, used(reply.models))),
      ...[stats.segmentation_ms, stats.queue_ms, stats.inference_ms, stats.total_ms].map(ms),
      ...[stats.segments, stats.input_tokens, stats.output_tokens, stats.cache_hits].map(number));
  });
  const head = ["Stage", "Reading", "Waiting", "Model", "Total", "Segments", "Tokens in", "Tokens out", "From cache"];
  return h("details", { class: "figures", open: true },
    h("summary", {}, "Time and tokens"),
    h("div", { class: "scroll", tabIndex: 0, role: "region", "aria-label": "Time and tokens" },
      h("table", {},
        h("thead", {}, h("tr", {}, ...head.map((text) => h("th", { scope: "col" }, text)))),
        h("tbody", {}, ...rows))));
}

const used = (models = []) =>
  models.map((each) => (each.model === each.engine ? each.model : `${each.model}, ${each.engine}`)).join(" + ");

const ms = (value = 0) => h("td", {}, value < 1000 ? `${value.toFixed(value < 10 ? 1 : 0)} ms` : `${(value / 1000).toFixed(1)} s`);

const number = (value = 0) => h("td", {}, Number(value).toLocaleString("en"));
