// One exchange.
import { timeline } from "./chart.js";
import { el, entity, marked, number, put, span, table, time } from "./dom.js";
import { may } from "./exchanges.js";
import { words } from "./words.js";

const told = words.exchange;
/** How many strings of a text are shown by themselves. */
const MOST = 2000;

export async function show(main, query, { ask, me, fail }) {
  const id = query.get("id") ?? "";
  const { record, places, rules } = await ask("/api/exchange", { query: { id } });
  const { opened, closed } = record;
  const texts = el("div", {});
  const proof = el("div", { role: "status" });
  const verify = async () => {
    put(proof, told.verifying);
    try {
      put(proof, proven(await ask("/api/verify", { query: { id } })));
    } catch (error) {
      fail(error);
    }
  };
  put(main, el("p", {}, el("a", { href: "/exchanges" }, told.back)), el("h1", {}, told.title, " ", el("code", {}, opened.exchange)),
    facts(opened, closed, me), ruled(rules), closed ? phases(closed.timings) : el("p", { class: "soft" }, told.open),
    el("h2", {}, told.findings), findings(opened.findings, closed?.findings ?? []),
    el("h2", {}, told.coverage), coverage(opened.coverage, closed),
    el("h2", {}, told.chain), table(told.chain, [told.entry, told.hash, told.before], places.map((place, n) => [`${told.kinds[n]} ${place.seq}`, el("code", {}, place.hash), el("code", {}, place.before)])),
    el("div", { class: "row center" }, el("button", { type: "button", on: { click: verify } }, told.verify), proof),
    el("h2", {}, told.texts), texts);
  if (me.role !== "auditor") return void put(texts, el("p", { class: "empty" }, told.auditorsOnly));
  const open = el("button", { type: "button", class: "main", on: { click: async () => {
    try {
      put(texts, both(await ask("/api/texts", { query: { id } }), record));
    } catch (error) {
      fail(error);
    }
  } } }, told.show);
  put(texts, el("p", { class: "soft" }, told.logged), el("div", { class: "row center" }, open, el("a", { href: `/workbench?exchange=${opened.exchange}` }, told.tryOut)));
}

function facts(opened, closed, me) {
  const link = (filter, value) => (value && may(me, filter) ? el("a", { href: `/exchanges?${filter}=${encodeURIComponent(value)}` }, value) : value ?? "–");
  const facts = [
    [told.at, time(opened.at)], [told.request, `${opened.method} /${opened.route}${opened.path}`], [told.dialect, opened.provider], [told.model, opened.model ?? "–"],
    [told.outcome, closed ? `${closed.outcome}${closed.reason ? ` (${closed.reason})` : ""}${closed.status ? `, ${closed.status}` : ""}` : told.stillOpen],
    [told.caller, link("caller", opened.caller)], [told.subject, link("subject", opened.subject)], [told.conversation, link("conversation", opened.conversation)],
    [told.purpose, opened.purpose], [told.consent, opened.consent], [told.rules, el("code", {}, opened.ruleset)],
    [told.tokens, closed && closed.usage.input != null ? `${number(closed.usage.input)} + ${number(closed.usage.output)}` : "–"],
  ];
  return el("dl", { class: "facts" }, facts.filter(([, value]) => value != null).map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value))));
}

/** When the rules that it ran under came, and in which files. */
function ruled(rules) {
  if (!rules) return el("p", { class: "soft" }, told.rulesGone);
  return el("details", {}, el("summary", {}, told.rulesFiles), el("p", { class: "soft" }, told.rulesCame[rules.name], " ", time(rules.at), ` (${told.entry} ${number(rules.seq)})`),
    table(told.rulesFiles, [told.file, told.hash], Object.entries(rules.files ?? {}).map(([name, hash]) => [name, el("code", {}, hash ?? "–")])));
}

function phases({ redact_us: redact, commit_us: commit, first_byte_us: first, total_us: total }) {
  const own = redact + commit;
  const list = [{ name: told.phases.redact, style: "fine", from: 0, to: redact }, { name: told.phases.log, style: "fine", from: redact, to: own }];
  if (first != null) list.push({ name: told.phases.provider, style: "other", from: Math.min(own, first), to: first });
  list.push({ name: told.phases.answer, style: "other", from: first ?? own, to: Math.max(total, first ?? own) });
  return [el("h2", {}, told.timeline), timeline(told.timeline, list, span), el("p", { class: "soft" }, told.all, " ", span(total))];
}

function findings(request, answer) {
  const rows = (list, side) => list.map((one) => [side, entity(one.entity), el("code", {}, one.pattern), one.action, number(one.count)]);
  const all = [...rows(request, told.inRequest), ...rows(answer, told.inAnswer)];
  if (!all.length) return el("p", { class: "empty" }, told.nothing);
  return table(told.findings, [told.side, told.entity, told.pattern, told.action, { text: told.times, number: true }], all);
}

function coverage(covered, closed) {
  const counts = { ...covered.counts, ...(closed?.passage ?? {}) };
  return [el("p", {}, told.covered(number(covered.strings), number(covered.bytes), number(covered.opaque)),
    covered.exemptions.length ? ` ${told.exempt} ${covered.exemptions.join(", ")}.` : "", closed ? ` ${told.restored(number(closed.restored), number(closed.unrestored))}` : ""),
  el("ul", { class: "counts" }, Object.entries(counts).map(([name, count]) => el("li", {}, el("code", {}, name), " ", number(count))))];
}

function proven({ entries, checkpoint }) {
  const holds = entries.every((one) => one.holds) && checkpoint?.holds !== false;
  const each = entries.map((one) => told.entryProof(one.seq, one.holds)).join(" ");
  const signed = checkpoint ? [" ", told.signed(number(checkpoint.entries), checkpoint.seq, checkpoint.holds), " ", time(checkpoint.at)] : [" ", told.unsigned];
  return el("p", { class: holds ? "right" : "wrong" }, el("b", {}, holds ? told.holds : told.broken), " ", each, signed);
}

/** What the model received and what it answered, side by side where there is room. */
function both({ texts, request, answer }, { opened, closed }) {
  if (texts !== "readable") return el("p", { class: "empty" }, told.unreadable[texts]);
  const passed = opened.findings.filter(({ action }) => ["alert", "allow", "mask"].includes(action)).map((one) => `${one.entity} (${one.action})`);
  const isRefused = closed?.outcome === "refused";
  return el("div", { class: "two" }, el("section", {}, el("h3", {}, isRefused ? told.notForwarded : told.received),
    passed.length > 0 && !isRefused && el("p", { class: "wrong" }, told.passed([...new Set(passed)].join(", "))), side(request)),
    el("section", {}, el("h3", {}, told.answered), answer ? side(answer) : el("p", { class: "empty" }, told.stillOpen)));
}

function side({ text, bytes, shown }) {
  const cut = bytes > shown && el("p", { class: "soft" }, told.cut(number(shown), number(bytes)));
  const more = (rest) => told.more(number(rest));
  let value;
  try {
    value = JSON.parse(text);
  } catch {
    return [cut, el("pre", { tabindex: 0 }, marked(text, more))];
  }
  const raw = el("details", {}, el("summary", {}, told.raw), el("pre", { tabindex: 0 }, marked(text, more)));
  const all = strings(value);
  const many = all.length > MOST && el("p", { class: "wrong" }, told.many(number(MOST)));
  return [cut, many, el("dl", { class: "texts" }, all.slice(0, MOST).map(([path, string]) => el("div", { class: path.includes("tool") || path.includes("arguments") ? "tool" : undefined },
    el("dt", {}, path), el("dd", {}, marked(string, more))))), raw];
}

/** Every text and number of a value, with the way to it; the lanes of an answer by their names. */
function strings(value) {
  if (Array.isArray(value) && value.length && value.every((lane) => lane && typeof lane.field === "string" && typeof lane.text === "string")) {
    return value.map((lane) => [[lane.field, ...(lane.at ?? []).filter((n) => n)].join(" › "), lane.text]);
  }
  const found = [];
  const walk = (one, path, depth) => {
    if (found.length > MOST) return;
    if (one && typeof one === "object" && depth < 100) {
      const role = typeof one.role === "string" ? ` (${one.role})` : "";
      for (const [key, child] of Object.entries(one)) if (!(key === "role" && role)) walk(child, [...path.slice(0, -1), `${path.at(-1) ?? ""}${role}`, key].filter(Boolean), depth + 1);
    } else if (one !== null) {
      found.push([path.join(" › "), String(one)]);
    }
  };
  walk(value, [], 0);
  return found;
}
