// Which exchanges there were.
import { el, entity, field, instant, number, put, span, table, time } from "./dom.js";
import { words } from "./words.js";

const told = words.exchanges;
const FILTERS = ["since", "until", "entity", "pattern", "caller", "subject", "conversation", "route", "model", "status", "outcome", "reason"];
export const OUTCOMES = ["complete", "refused", "caller-gone", "upstream-failed", "timed-out", "interrupted"];
const OF_CUSTOMERS = ["subject", "conversation"];

/** Whether a reader may ask for exchanges by this. */
export const may = (me, filter) => me.role === "auditor" || !OF_CUSTOMERS.includes(filter);

export async function show(main, query, { ask, go, me }) {
  const rows = el("div", { "aria-live": "polite" });
  put(main, el("h1", {}, told.title), form(query, go, me), me.role === "auditor" && known(query, rows, me, ask), rows);
  const asked = Object.fromEntries([...FILTERS, "before"].map((name) => [name, instant(query.get(name))]));
  const found = await ask("/api/exchanges", { query: asked });
  // What was asked for by its own name stands in the address by the log's name for it, which says nothing to others.
  let changed = false;
  for (const [name, token] of Object.entries(found.tokens)) {
    if (token && query.get(name) && query.get(name) !== token) { query.set(name, token); changed = true; }
  }
  if (changed) go(`/exchanges?${query}`, { replace: true });
  put(rows, list(found, query, me));
}

function form(query, go, me) {
  const input = (name) => {
    const value = query.get(name) ?? "";
    if (name !== "outcome") return el("input", { name, value, placeholder: told.hints[name], spellcheck: "false", autocomplete: "off" });
    const option = (one) => el("option", { value: one, selected: one === value }, one || told.any);
    return el("select", { name }, ["", ...OUTCOMES].map(option));
  };
  const send = (event) => {
    event.preventDefault();
    const given = [...new FormData(event.target)].filter(([, value]) => value.trim());
    go(`/exchanges?${new URLSearchParams(given)}`);
  };
  const active = FILTERS.some((name) => query.get(name));
  return el("form", { class: "row filters", role: "search", on: { submit: send } }, FILTERS.filter((name) => may(me, name)).map((name) => field(told.filters[name], input(name))),
    el("button", { class: "main" }, told.filter), active && el("a", { href: "/exchanges" }, told.clear));
}

/** The search for a value that the reader knows; it is sent, and stands in no address. */
function known(query, rows, me, ask) {
  const input = el("input", { name: "value", autocomplete: "off", spellcheck: "false", placeholder: told.knownHint });
  const said = el("span", { class: "wrong", role: "alert" });
  const search = async (value, asked) => {
    put(said);
    try {
      const found = await ask("/api/exchanges/value", { form: { value, query: String(asked) } });
      const older = (further) => el("button", { type: "button", on: { click: () => search(value, further) } }, told.older);
      put(rows, list(found, asked, me, older));
    } catch (error) {
      put(said, error.message);
    }
  };
  const send = (event) => {
    event.preventDefault();
    search(input.value, query);
  };
  return el("details", {}, el("summary", {}, told.known), el("p", { class: "soft" }, told.knownNote),
    el("form", { class: "row", on: { submit: send } }, field(told.value, input), el("button", {}, told.search), said));
}

const linked = (query) => el("a", { href: `/exchanges?${query}`, rel: "next" }, told.older);

/** The exchanges, and the way to older ones. */
function list(found, query, me, older = linked) {
  if (!found.exchanges.length) return el("p", { class: "empty" }, told.none);
  const link = (filter, value) => value && may(me, filter) ? el("a", { href: `/exchanges?${filter}=${encodeURIComponent(value)}` }, value) : value;
  const row = (one) => [
    el("a", { href: `/exchange?id=${one.exchange}`, title: one.exchange }, time(one.at)),
    [one.route, el("span", { class: "soft" }, one.path)], one.model ?? "–",
    el("span", { class: `outcome ${one.outcome === "complete" && one.status >= 400 ? "upstream-failed" : one.outcome ?? "open"}` }, one.outcome ?? told.open, one.reason ? ` (${one.reason})` : "", one.status ? ` ${one.status}` : ""),
    one.findings.length ? tallies(one.findings) : "–",
    one.usage?.input != null ? `${number(one.usage.input)} + ${number(one.usage.output)}` : "–",
    span(one.timings?.total_us), link("caller", one.caller), link("subject", one.subject) ?? "–", link("conversation", one.conversation) ?? "–",
  ];
  const heads = told.heads.map((name, place) => (place === 5 || place === 6 ? { text: name, number: true } : name));
  const further = new URLSearchParams(query);
  if (found.next) further.set("before", found.next);
  return [table(told.title, heads, found.exchanges.map(row)), el("p", {}, found.next && older(further))];
}

/** Findings by entity, as in `PHONE 2`. */
export function tallies(findings) {
  const sums = new Map();
  for (const one of findings) sums.set(one.entity, (sums.get(one.entity) ?? 0) + one.count);
  return [...sums].map(([name, count]) => [entity(name), count > 1 ? ` × ${number(count)} ` : " "]);
}
