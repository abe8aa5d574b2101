// What happened to the proxy and the log: alarms, looks at texts, sign-offs, changes.
import { el, field, instant, number, put, table, time } from "./dom.js";
import { words } from "./words.js";

const told = words.events;
const FILTERS = ["event", "since", "until"];
/** What may be misuse, as the overview's light counts it. */
export const SUSPICIOUS = "alarm,login-refused";

export async function show(main, query, { ask, go }) {
  const asked = Object.fromEntries([...FILTERS, "before"].map((name) => [name, instant(query.get(name))]));
  const found = await ask("/api/events", { query: asked });
  put(main, el("h1", {}, told.title), form(found.kinds, query, go), list(found, query));
}

function form(kinds, query, go) {
  const option = (value, name) => el("option", { value, selected: value === (query.get("event") ?? "") }, name);
  const send = (event) => {
    event.preventDefault();
    go(`/events?${new URLSearchParams([...new FormData(event.target)].filter(([, value]) => value.trim()))}`);
  };
  const at = (name) => field(words.exchanges.filters[name], el("input", { name, value: query.get(name), placeholder: words.exchanges.hints[name], autocomplete: "off" }));
  return el("form", { class: "row filters", role: "search", on: { submit: send } },
    field(told.event, el("select", { name: "event" }, option("", words.exchanges.any), option(SUSPICIOUS, told.suspicious), kinds.map((kind) => option(kind, kind)))),
    at("since"), at("until"), el("button", { class: "main" }, words.exchanges.filter), FILTERS.some((name) => query.get(name)) && el("a", { href: "/events" }, words.exchanges.clear));
}

function list({ events, next }, query) {
  if (!events.length) return el("p", { class: "empty" }, told.none);
  const row = ({ seq, at, name, alarm, detail }) => [time(at), alarm ? `${name}: ${alarm}` : name, particulars(detail), number(seq)];
  const further = new URLSearchParams(query);
  further.set("before", next);
  return [table(told.title, told.heads.map((text, place) => (place === 3 ? { text, number: true } : text)), events.map(row)),
    next && el("p", {}, el("a", { href: `/events?${further}`, rel: "next" }, words.exchanges.older))];
}

/** Each particular by its name; what is long opens when it is asked for. */
function particulars(detail) {
  if (!detail || typeof detail !== "object") return detail ?? "–";
  const value = (name, one) => (name === "exchange" ? el("a", { href: `/exchange?id=${encodeURIComponent(one)}` }, one) : typeof one === "string" ? one : Array.isArray(one) ? one.join(", ") : JSON.stringify(one));
  const all = el("span", { class: "text" }, Object.entries(detail).map(([name, one], place) => [place > 0 && ", ", el("span", { class: "soft" }, `${name} `), value(name, one)]));
  return all.textContent.length > 300 ? el("details", {}, el("summary", {}, `${all.textContent.slice(0, 100)} …`), all) : all;
}
