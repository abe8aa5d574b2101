// The report of a week or a month, to be read, printed and filed away.
import { bars, columns } from "./chart.js";
import { el, entity, field, put, table, time } from "./dom.js";
import { words } from "./words.js";

const told = words.report;

export async function show(main, query, { ask, go, me }) {
  const kind = query.get("month") || query.get("last") === "month" ? "month" : "week";
  const given = query.get(kind);
  const day = el("input", { type: "date", name: "day", value: given });
  const choose = (event) => {
    event.preventDefault();
    const form = new FormData(event.target);
    go(`/report?${form.get("day") ? `${form.get("kind")}=${form.get("day")}` : `last=${form.get("kind")}`}`);
  };
  const option = (one) => el("option", { value: one, selected: one === kind }, told.kinds[one]);
  const form = el("form", { class: "row screen", on: { submit: choose } }, field(told.kind, el("select", { name: "kind" }, ["week", "month"].map(option))), field(told.day, day), el("button", { class: "main" }, told.show));
  put(main, form, el("p", { role: "status" }, told.writing));
  const asked = given ? { [kind]: given } : { last: kind };
  const { report } = await ask("/api/report", { query: asked });
  const file = `/api/report.md?${new URLSearchParams(asked)}`;
  put(main, form, el("article", { class: "paper" }, el("h1", {}, report.title), el("p", { class: report.holds ? "right" : "wrong" }, el("b", {}, report.holds ? told.holds : told.broken)),
    el("p", { class: "screen" }, el("a", { href: file, download: true }, told.markdown), " ", el("button", { type: "button", on: { click: () => print() } }, told.print)),
    charts(report), report.parts.map((one) => part(one, me))));
}

function charts({ days, entities }) {
  if (!days.length) return undefined;
  return [columns(told.chart, days, [
    { name: words.overview.failed, style: "failed", of: (one) => one.failed }, { name: words.overview.refused, style: "refused", of: (one) => one.refused },
    { name: words.overview.well, style: "fine", of: (one) => one.exchanges - one.refused - one.failed },
  ], (one) => `${one.key}: ${words.overview.column(one)}`),
  entities.length > 0 && bars(told.entities, Object.fromEntries(entities.map((one) => [one.key, one.found])), [words.overview.entity, words.overview.times], entity)];
}

let heading = "";

function part({ heading: title, line, note, table: rows }, me) {
  if (title !== undefined) { heading = title; return el("h2", {}, title); }
  if (line !== undefined) return el("p", {}, line);
  if (note !== undefined) return el("pre", { tabindex: 0 }, note);
  const numeric = rows[0].map((_, place) => rows.slice(1).every((row) => /^\d+$/.test(row[place])));
  return table(heading, rows[0].map((text, place) => (numeric[place] ? { text, number: true } : text)), rows.slice(1).map((row) => row.map((text) => cell(text, me))));
}

/** Times in the reader's zone, exchanges as the way to them. */
function cell(text, me) {
  if (/^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(text)) return time(text);
  const leads = me.role !== "reporter" && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text);
  return leads ? el("a", { href: `/exchange?id=${text}` }, text) : text;
}
