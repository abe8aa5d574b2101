// What an edited pattern file would newly find and newly miss, in labelled lines and in stored exchanges.
import { newest } from "./api.js";
import { el, entity, field, hue, number, put, table } from "./dom.js";
import { wrong } from "./explained.js";
import { words } from "./words.js";

const told = words.workbench;

/** The forms and what came out of them, until the file is edited on; `edited` gives the file. */
export function comparison({ ask, me, fail }, kept, edited) {
  const out = el("div", { "aria-live": "polite" });
  const comparing = newest(ask);
  const compare = (path, form) => async (event) => {
    event.preventDefault();
    if (!edited()) return put(out, el("p", { class: "empty" }, told.notEdited));
    put(out, el("p", {}, told.comparing));
    try {
      put(out, differences(await comparing.ask(path, { form: { edited: edited(), ...form() } })));
    } catch (error) {
      fail(error, out);
    }
  };
  const cases = el("textarea", { rows: 4, spellcheck: "false", placeholder: told.casesHint, on: { input: () => { kept.cases = cases.value; } } });
  cases.value = kept.cases;
  const file = el("input", { type: "file", accept: ".jsonl,.json,.txt,text/plain", on: { change: async () => { kept.cases = cases.value = await file.files[0]?.text() ?? ""; } } });
  const last = el("input", { type: "number", min: 1, max: 2000, value: 200 });
  const onCases = compare("/api/workbench/cases", () => ({ cases: cases.value }));
  const onStored = compare("/api/workbench/stored", () => ({ last: Number(last.value) }));
  const parts = [
    el("form", { on: { submit: onCases } }, field(told.cases, cases), field(told.casesFile, file), el("button", {}, told.compareCases)),
    me.role === "auditor" && el("form", { class: "row", on: { submit: onStored } }, field(told.last, last), el("button", {}, told.compareStored), el("p", { class: "soft" }, told.storedNote)),
    out,
  ];
  return { parts, clear: () => { comparing.stop(); put(out); } };
}

function differences({ problems, texts, found, missed, changes }) {
  if (problems.length) return wrong(problems);
  const row = (one) => [one.side === "found" ? el("b", { class: "new" }, told.newlyFound) : el("b", { class: "wrong" }, told.newlyMissed), entity(one.entity), el("code", {}, one.pattern),
    el("span", { class: "text" }, `…${one.before}`, el("mark", { class: `entity ${hue(one.entity)}` }, one.value), `${one.after}…`), one.labelled ? told.yes : "–",
    one.where.length > 20 ? el("a", { href: `/exchange?id=${one.where}` }, one.where.slice(0, 13)) : one.where];
  return [el("p", {}, told.compared(number(texts), number(found), number(missed))), changes.length > 0 && table(told.compare, told.compareHeads, changes.map(row))];
}
