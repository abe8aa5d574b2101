// Patterns on trial: what they find in a text and why, and what an edited file would find instead.
import { el, entity, field, hue, number, put, table } from "./dom.js";
import { words } from "./words.js";

const told = words.workbench;
const PAUSE = 350;

export async function show(main, query, { ask, me, go, fail, signal }) {
  const { files } = await ask("/api/patterns");
  const text = el("textarea", { rows: 8, spellcheck: "false", "aria-label": told.text, placeholder: told.hint });
  const marks = el("pre", { class: "marks", tabindex: 0, "aria-label": told.marked });
  const why = el("div", { "aria-live": "polite" });
  const whyNot = el("div", {});
  const toml = el("textarea", { rows: 18, spellcheck: "false", "aria-label": told.toml, disabled: true });
  const problems = el("div", { role: "status" });
  const compared = el("div", { "aria-live": "polite" });
  const chosen = el("select", { "aria-label": told.file }, el("option", { value: "" }, told.noFile), files.map((file) => el("option", { value: file }, file)));
  let original = "";
  let asking = new AbortController();
  let timer;
  signal.addEventListener("abort", () => clearTimeout(timer));

  const edited = () => (chosen.value && toml.value !== original ? { file: chosen.value, toml: toml.value } : undefined);
  const look = async () => {
    asking.abort();
    asking = new AbortController();
    try {
      const seen = await ask("/api/workbench", { form: { text: text.value, edited: edited() }, signal: asking.signal });
      put(problems, seen.problems.length ? wrong(seen.problems) : edited() && el("p", { class: "right" }, el("b", {}, told.examplesPass)));
      if (seen.problems.length) return;
      put(marks, highlighted(text.value, seen.findings));
      put(why, reasons(text.value, seen.findings));
      put(whyNot, drops(text.value, seen.dropped));
    } catch (error) {
      fail(error);
    }
  };
  const soon = () => { clearTimeout(timer); timer = setTimeout(look, PAUSE); };
  const choose = async () => {
    go(chosen.value ? `/workbench?file=${encodeURIComponent(chosen.value)}` : "/workbench", { replace: true });
    original = chosen.value ? (await ask("/api/patterns", { query: { file: chosen.value } })).toml : "";
    toml.value = original;
    toml.disabled = !chosen.value;
    put(compared);
    soon();
  };
  const copy = async () => {
    const copied = await navigator.clipboard?.writeText(toml.value).then(() => true, () => false);
    if (!copied) toml.select();
    put(problems, el("p", {}, copied ? told.copied : told.selected));
  };
  const compare = (path, form) => async (event) => {
    event.preventDefault();
    if (!edited()) return put(compared, el("p", { class: "empty" }, told.notEdited));
    put(compared, el("p", {}, told.comparing));
    try {
      put(compared, differences(await ask(path, { form: { edited: edited(), ...form(event.target) } })));
    } catch (error) {
      put(compared, el("p", { class: "wrong" }, error.message));
    }
  };
  const take = async (id) => {
    const { texts, request } = await ask("/api/texts", { query: { id } });
    if (!request) throw new Error(words.exchange.unreadable[texts]);
    text.value = beginning(request.text);
    await look();
  };
  const stored = (event) => {
    event.preventDefault();
    take(new FormData(event.target).get("id").trim()).catch(fail);
  };

  text.addEventListener("input", soon);
  toml.addEventListener("input", soon);
  chosen.addEventListener("change", () => choose().catch(fail));
  const cases = el("textarea", { rows: 4, name: "cases", spellcheck: "false", placeholder: told.casesHint });
  const file = el("input", { type: "file", accept: ".jsonl,.json,.txt,text/plain", on: { change: async () => { cases.value = await file.files[0]?.text() ?? ""; } } });
  put(main, el("h1", {}, told.title), el("p", { class: "soft" }, told.promise),
    el("div", { class: "two" },
      el("section", {}, el("h2", {}, told.text), text,
        me.role === "auditor" && el("details", {}, el("summary", {}, told.stored), el("p", { class: "soft" }, words.exchange.logged),
          el("form", { class: "row", on: { submit: stored } }, field(told.exchange, el("input", { name: "id", required: true, minlength: 8 })), el("button", {}, told.take))),
        el("h2", {}, told.marked), marks, el("h2", {}, told.why), why, el("details", { open: true }, el("summary", {}, told.whyNot), whyNot)),
      el("section", {}, el("h2", {}, told.file), el("div", { class: "row" }, chosen, el("button", { type: "button", on: { click: copy } }, told.copy)), toml, problems,
        el("h2", {}, told.compare),
        el("form", { on: { submit: compare("/api/workbench/cases", (form) => ({ cases: new FormData(form).get("cases") })) } }, field(told.cases, cases), field(told.casesFile, file), el("button", {}, told.compareCases)),
        me.role === "auditor" && el("form", { class: "row", on: { submit: compare("/api/workbench/stored", (form) => ({ last: Number(new FormData(form).get("last")) })) } },
          field(told.last, el("input", { name: "last", type: "number", min: 1, max: 2000, value: 200 })), el("button", {}, told.compareStored), el("p", { class: "soft" }, told.storedNote)),
        compared)));
  if (query.get("file")) {
    chosen.value = query.get("file");
    await choose();
  }
  if (query.get("exchange") && me.role === "auditor") await take(query.get("exchange")).catch(fail);
  else await look();
  text.focus();
}

/** As much of a text as is taken at once: the limit is one of bytes. */
function beginning(text) {
  const bytes = new TextEncoder().encode(text).slice(0, 60_000);
  return new TextDecoder().decode(bytes, { stream: true });
}

function wrong(list) {
  return el("ul", { class: "wrong" }, list.map((one) => el("li", {}, el("code", {}, `${one.file}:${one.line}`), ` ${one.what}: ${one.remedy}`)));
}

/** The text with what was found in its colour. */
function highlighted(text, findings) {
  let at = 0;
  const parts = [];
  for (const { span: [from, to], entity: name, pattern } of findings) {
    parts.push(text.slice(at, from), el("mark", { class: `entity ${hue(name)}`, title: `${name}, ${pattern}` }, text.slice(from, to)));
    at = to;
  }
  return [...parts, text.slice(at)];
}

const part = (text, place) => (place ? text.slice(...place) : undefined);

function reasons(text, findings) {
  if (!findings.length) return el("p", { class: "empty" }, told.nothing);
  return table(told.why, told.whyHeads, findings.map((one) => [
    entity(one.entity), el("code", {}, part(text, one.span)), [el("code", {}, one.pattern), el("span", { class: "soft" }, ` ${one.file}, ${told.strengths[one.strength]}`)],
    one.check ?? "–", one.cue ? el("q", {}, part(text, one.cue)) : "–", one.source,
  ]));
}

const overlap = (lost) => (lost ? told.overlap[lost.lead ?? "other"](lost.to) : told.alike);

/** What was dropped, by place: the patterns that each stage dropped there. */
function drops(text, dropped) {
  if (!dropped.length) return el("p", { class: "empty" }, told.noDrops);
  // What was only a part of a longer number, or has no cue by itself, says the least: it comes when asked for.
  const tells = (one) => ["check", "format", "overlap"].includes(one.fate) || (one.fate === "cue" && one.cue);
  const [near, far] = [dropped.filter(tells), dropped.filter((one) => !tells(one))];
  return [near.length > 0 && stages(text, near), far.length > 0 && el("details", {}, el("summary", {}, told.more(number(far.length))), stages(text, far))];
}

function stages(text, dropped) {
  const places = new Map();
  for (const one of dropped) {
    const key = `${one.span}`;
    if (!places.has(key)) places.set(key, { span: one.span, fates: new Map() });
    const fates = places.get(key).fates;
    const fate = one.fate === "cue" && one.anti_cue ? told.antiCue(part(text, one.anti_cue)) : one.fate === "overlap" ? overlap(one.lost) : one.fate === "found" ? told.lookalike : told.fates[one.fate];
    const by = one.pattern ? `${one.pattern}${one.fate === "check" && one.check ? ` (${one.check})` : ""}` : told.aLookalike;
    fates.set(fate, [...(fates.get(fate) ?? []), by]);
  }
  return table(told.whyNot, told.whyNotHeads, [...places.values()].flatMap(({ span, fates }) => [...fates].map(([fate, patterns]) =>
    [el("code", {}, part(text, span)), fate, patterns.length > 6 ? el("details", {}, el("summary", {}, told.patterns(patterns.length)), patterns.join(", ")) : patterns.join(", ")])));
}

function differences({ problems, texts, found, missed, changes }) {
  if (problems.length) return wrong(problems);
  const row = (one) => [one.side === "found" ? el("b", { class: "new" }, told.newlyFound) : el("b", { class: "wrong" }, told.newlyMissed), entity(one.entity), el("code", {}, one.pattern),
    el("span", { class: "text" }, `…${one.before}`, el("mark", { class: `entity ${hue(one.entity)}` }, one.value), `${one.after}…`), one.labelled ? told.yes : "–",
    one.where.length > 20 ? el("a", { href: `/exchange?id=${one.where}` }, one.where.slice(0, 13)) : one.where];
  return [el("p", {}, told.compared(number(texts), number(found), number(missed))), changes.length > 0 && table(told.compare, told.compareHeads, changes.map(row))];
}
