// Patterns on trial: what they find in a text and why, and what an edited file would find instead.
import { newest } from "./api.js";
import { comparison } from "./comparison.js";
import { el, field, put } from "./dom.js";
import { editor } from "./editor.js";
import { drops, highlighted, reasons, wrong } from "./explained.js";
import { words } from "./words.js";

const told = words.workbench;
const PAUSE = 350;

/** What its author typed or took: it may be about people, so it stays in memory alone. */
let kept = {};

export async function show(main, query, view) {
  const { ask, me, fail } = view;
  const { files } = await ask("/api/patterns");
  if (kept.by !== me.name) kept = { by: me.name, text: "", cases: "" };
  const file = editor(files, view, () => {
    compared.clear();
    tried.soon();
  });
  const compared = comparison(view, kept, file.edited);
  const tried = trial(view, file);
  put(main, el("h1", {}, told.title), el("p", { class: "soft" }, told.promise),
    el("div", { class: "two" },
      el("section", {}, el("h2", {}, told.text), tried.parts),
      el("section", {}, el("h2", {}, told.file), file.parts, el("h2", {}, told.compare), compared.parts)));
  if (query.get("file")) await file.choose(query.get("file"));
  const exchange = query.get("exchange");
  if (exchange && exchange !== kept.exchange && me.role === "auditor") await tried.take(exchange);
  else await tried.look();
  tried.focus();
}

/** A text and what is found in it. */
function trial({ ask, me, fail, signal }, file) {
  const said = el("div", {});
  const text = el("textarea", { rows: 8, spellcheck: "false", "aria-label": told.text, placeholder: told.hint, on: { input: () => { kept.text = text.value; soon(); } } });
  text.value = kept.text;
  const found = results();
  const looking = newest(ask);
  let timer;
  signal.addEventListener("abort", () => clearTimeout(timer));

  const look = async () => {
    const [looked, edited] = [text.value, file.edited()];
    try {
      const seen = await looking.ask("/api/workbench", { form: { text: looked, edited } });
      put(said);
      put(file.problems, seen.problems.length ? wrong(seen.problems) : edited && el("p", { class: "right" }, el("b", {}, told.examplesPass)));
      found.show(seen.problems.length ? undefined : looked, seen);
    } catch (error) {
      if (error.name !== "AbortError") found.show();
      fail(error, said);
    }
  };
  const soon = () => {
    found.box.setAttribute("aria-busy", "true");
    clearTimeout(timer);
    timer = setTimeout(look, PAUSE);
  };
  const take = async (id) => {
    try {
      const { texts, request } = await ask("/api/texts", { query: { id } });
      if (!request) throw new Error(words.exchange.unreadable[texts]);
      Object.assign(kept, { exchange: id, text: beginning(request.text) });
      text.value = kept.text;
      await look();
    } catch (error) {
      fail(error, said);
    }
  };
  return { parts: [text, said, me.role === "auditor" && stored(take), found.box], look, soon, take, focus: () => text.focus() };
}

function stored(take) {
  const id = el("input", { required: true, minlength: 8 });
  const send = (event) => {
    event.preventDefault();
    take(id.value.trim());
  };
  return el("details", {}, el("summary", {}, told.stored), el("p", { class: "soft" }, words.exchange.logged),
    el("form", { class: "row", on: { submit: send } }, field(told.exchange, id), el("button", {}, told.take)));
}

/** Where is shown what was found in a text; without one, that nothing can be said. It counts as old while its box is busy. */
function results() {
  const marks = el("pre", { class: "marks", tabindex: 0, "aria-label": told.marked });
  const why = el("div", { "aria-live": "polite" });
  const whyNot = el("div", {});
  const box = el("div", {}, el("h2", {}, told.marked), marks, el("h2", {}, told.why), why, el("details", { open: true }, el("summary", {}, told.whyNot), whyNot));
  const show = (text, seen) => {
    box.removeAttribute("aria-busy");
    put(marks, text !== undefined && highlighted(text, seen.findings));
    put(why, text === undefined ? el("p", { class: "empty" }, told.unknown) : reasons(text, seen.findings));
    put(whyNot, text !== undefined && drops(text, seen.dropped));
  };
  return { box, show };
}

/** As much of a text as is taken at once: the limit is one of bytes. */
function beginning(text) {
  const bytes = new TextEncoder().encode(text).slice(0, 60_000);
  return new TextDecoder().decode(bytes, { stream: true });
}
