// How the proxy does, moving by itself.
import { bars, columns } from "./chart.js";
import { el, entity, number, put, renew, span, table, time } from "./dom.js";
import { SUSPICIOUS } from "./events.js";
import { OUTCOMES } from "./exchanges.js";
import { words } from "./words.js";

const AGES = { hour: "1h", day: "24h", week: "7d" };
const told = words.overview;

export async function show(main, query, { ask, go, fail, me, signal }) {
  const range = Object.hasOwn(AGES, query.get("range")) ? query.get("range") : "hour";
  const choice = Object.keys(AGES).map((one) => el("button", { type: "button", "aria-pressed": String(one === range), on: { click: () => go(`/?range=${one}`) } }, told.ranges[one]));
  const lights = el("ul", { class: "lights", "aria-label": told.lights });
  const body = el("div", {});
  const state = el("p", { class: "soft" });
  put(main, el("div", { class: "row center" }, el("h1", {}, told.title), el("div", { role: "group", "aria-label": told.range, class: "choice" }, choice), state), lights, body);
  // What was seen before says nothing of now.
  const fallen = (why) => {
    put(state, why);
    put(lights, light(["bad", told.light.log, why]));
  };
  const draw = (seen) => {
    if (seen.error) return fallen(seen.error);
    // Whoever stands on a link goes on standing on it, wherever it moves.
    const stood = document.activeElement;
    const link = stood?.getAttribute("href");
    renew(state, told.asOf, " ", time(seen.at * 1000));
    renew(lights, lightsOf(seen.lights).map(light));
    renew(body, page(seen, me, range));
    if (link && stood.getAttribute("href") !== link) body.querySelector(`[href="${CSS.escape(link)}"]`)?.focus({ preventScroll: true });
  };
  draw(await ask("/api/overview", { query: { range } }));
  const events = new EventSource(`/api/overview/events?range=${range}`);
  events.onmessage = (event) => draw(JSON.parse(event.data));
  // A stream ends by itself now and then; whoever is not let in again is asked who they are.
  events.onerror = () => ask("/api/overview", { query: { range } }).catch((error) => {
    if (error.status) { events.close(); fail(error); } else fallen(told.away);
  });
  signal.addEventListener("abort", () => events.close());
}

function page(seen, me, range) {
  const minutes = (seen.columns.length * seen.step) / 60;
  const all = seen.columns.reduce((sum, one) => sum + one.exchanges, 0);
  const recent = seen.step === 60 ? seen.columns.at(-2)?.exchanges ?? 0 : all / minutes;
  const added = seen.paces.find((pace) => pace.phase === "added")?.p99;
  const figures = [
    [told.exchanges, number(all)], [seen.step === 60 ? told.lastMinute : told.perMinute, number(Math.round(recent * 10) / 10)], [told.open, number(seen.open)],
    [told.found, number(total(seen.found))], [told.refused, number(total(seen.refusals))], [told.added, all ? span(added) : "–"],
  ];
  const since = AGES[range];
  const linked = (text, filter) => me.role === "reporter" ? text : el("a", { href: `/exchanges?${new URLSearchParams({ since, ...filter })}` }, text);
  const part = (title, counts, content) => el("section", {}, el("h2", {}, title), Object.keys(counts).length ? content() : el("p", { class: "empty" }, told.none));
  return [
    el("dl", { class: "figures" }, figures.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value)))),
    columns(told.columnsLabel(all), seen.columns, [
      { name: told.failed, style: "failed", of: (one) => one.failed },
      { name: told.refused, style: "refused", of: (one) => one.refused },
      { name: told.well, style: "fine", of: (one) => one.exchanges - one.refused - one.failed },
    ], (one) => `${new Date(one.at * 1000).toLocaleString()}: ${told.column(one)}`),
    el("div", { class: "grid" },
      part(told.found, seen.found, () => bars(told.found, seen.found, [told.entity, told.times],
        (name) => linked(entity(name), { entity: name }))),
      part(told.refusals, seen.refusals, () => bars(told.refusals, seen.refusals, [told.reason, told.times], (name) => linked(name, ended(name)))),
      part(told.troubles, seen.troubles, () => bars(told.troubles, seen.troubles, [told.reason, told.times], (name) => linked(name, ended(name)))),
      el("section", {}, el("h2", {}, told.paces), all ? table(told.paces, [told.phase, { text: "p50", number: true }, { text: "p99", number: true }],
        seen.paces.map((pace) => [told.phases[pace.phase], span(pace.p50), span(pace.p99)])) : el("p", { class: "empty" }, told.none))),
  ];
}

/** The filter for what ended so: a provider's error by its status, the rest by its reason or, without one, by the outcome. */
function ended(name) {
  const [, status] = name.match(/^status (\d+)$/) ?? [];
  if (status) return { outcome: "complete", status };
  return OUTCOMES.includes(name) ? { outcome: name } : { reason: name };
}

function total(counts) {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

/** Each light: how it stands, its name, what it says. */
function lightsOf(lights) {
  const { chain, keys, exemptions, suspicions } = lights;
  const isSoon = (end) => end && new Date(end) - Date.now() < 14 * 86_400_000;
  const ending = [...keys.map((key) => [told.light.key(key.caller, key.key), key.ends]),
    ...["certificate", "client_ca"].filter((what) => isSoon(lights[what])).map((what) => [told.light[what], lights[what]])];
  const used = Object.entries(exemptions);
  return [
    [lights.writable ? "good" : "bad", told.light.log, lights.writable ? told.light.written : told.light.notWritten],
    [chain.broken ? "bad" : chain.at ? "good" : "warn", told.light.chain, chain.broken ? told.light.broken(chain.broken)
      : chain.at ? [told.light.holds(number(chain.from), number(chain.to)), " ", time(chain.at)] : told.light.unproven],
    [lights.trouble.length ? "bad" : "good", told.light.rules, lights.trouble.length ? [told.light.stale(lights.rules), " ", lights.trouble.map(({ place, why }) => (why ? `${place}: ${why}` : place)).join("; ")] : told.light.current(lights.rules)],
    [ending.length ? "warn" : "good", told.light.keys, ending.length ? ending.map(([what, end]) => [what, " ", time(end), ". "]) : told.light.noKeys],
    [used.length ? "warn" : "good", told.light.exemptions, used.length ? used.map(([name, count]) => `${name}: ${number(count)}`).join(", ") : told.light.noExemptions],
    [suspicions.count ? "warn" : "good", told.light.suspicions, suspicions.count
      ? [el("a", { href: `/events?event=${SUSPICIOUS}&since=24h` }, told.light.suspicious(number(suspicions.count), suspicions.more)), told.light.newest, " ", suspicion(suspicions.newest)] : told.light.noSuspicions],
  ];
}

/** By whom or from where, if the reader may know. */
function suspicion({ name, alarm, at, detail }) {
  const by = detail?.caller ?? detail?.address ?? detail?.change;
  return [el("b", {}, alarm ?? name), by ? ` (${by})` : "", " ", time(at)];
}

function light([state, name, says]) {
  return el("li", { class: state }, el("span", { class: "lamp", "aria-hidden": "true" }), el("b", {}, name), el("span", { class: "unseen" }, ` ${told.states[state]}: `), el("span", {}, says));
}
