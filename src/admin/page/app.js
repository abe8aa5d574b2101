// The frame of all pages: who is logged in, where they may go, and what the address shows.
import { ask, asker } from "./api.js";
import { el, put } from "./dom.js";
import * as events from "./events.js";
import * as exchange from "./exchange.js";
import * as exchanges from "./exchanges.js";
import * as login from "./login.js";
import * as overview from "./overview.js";
import * as report from "./report.js";
import * as reviews from "./reviews.js";
import { words } from "./words.js";
import * as workbench from "./workbench.js";

/** Every page: its path, who may see it, and what shows it. */
const STAFF = ["auditor", "operator"];
const PAGES = [
  { path: "/", title: words.overview.title, roles: [...STAFF, "reporter"], show: overview.show },
  { path: "/exchanges", title: words.exchanges.title, roles: STAFF, show: exchanges.show },
  { path: "/exchange", title: words.exchange.title, roles: STAFF, show: exchange.show, hidden: true, under: "/exchanges" },
  { path: "/workbench", title: words.workbench.title, roles: STAFF, show: workbench.show },
  { path: "/reviews", title: words.reviews.title, roles: ["auditor"], show: reviews.show },
  { path: "/events", title: words.events.title, roles: [...STAFF, "reporter"], show: events.show },
  { path: "/report", title: words.report.title, roles: [...STAFF, "reporter"], show: report.show },
];

const main = document.getElementById("main");
const top = document.getElementById("top");
let shown = new AbortController();
let me = {};

/** Shows what the address says; tells whether it is still asked for. What was shown before asks and says nothing any more. */
async function render() {
  shown.abort();
  shown = new AbortController();
  const { signal } = shown;
  const page = PAGES.find((page) => page.path === location.pathname);
  if (!me.role) return login.show(main, me, enter);
  head(page);
  put(main);
  if (!page || !page.roles.includes(me.role)) return put(main, el("h1", {}, words.nowhere));
  document.title = `${page.title} – Blotter`;
  const view = {
    me, signal, ask: asker(signal),
    go: (...where) => signal.aborted || go(...where),
    fail: (...what) => signal.aborted || fail(...what),
  };
  try {
    await page.show(main, new URLSearchParams(location.search), view);
  } catch (error) {
    view.fail(error);
  }
  return !signal.aborted;
}

/** The bar with the way to every page. */
function head(here) {
  const links = PAGES.filter((page) => page.roles.includes(me.role) && !page.hidden).map((page) =>
    el("a", { href: page.path, "aria-current": page === here ? "page" : page.path === here?.under ? "true" : undefined }, page.title));
  const out = el("button", { type: "button", class: "plain", on: { click: exit } }, words.login.leave);
  put(top, el("a", { href: "/", class: "name" }, "Blotter"), el("nav", { "aria-label": words.pages }, links),
    el("span", { class: "who" }, words.login.who(me.name, me.role), " ", out));
}

/** Tells what went wrong, at its place if it has one; who is not logged in any more is asked again. */
function fail(error, place) {
  if (error.name === "AbortError") return;
  if (error.status === 401) return enter();
  const said = el("p", { role: "alert", class: "wrong" }, error.message);
  if (place) return put(place, said);
  main.querySelector(":scope > [role=alert]")?.remove();
  main.append(said);
}

/** Goes to an address of these pages. */
function go(address, { replace = false } = {}) {
  history[replace ? "replaceState" : "pushState"]({}, "", address);
  if (!replace) render().then((stays) => stays && main.focus());
}

async function enter() {
  me = await ask("/api/me");
  put(top);
  await render();
}

async function exit() {
  if (sessionStorage.length && !confirm(words.login.drops)) return;
  await ask("/api/logout", { form: {} });
  sessionStorage.clear();
  // Nothing that was typed or read stays for whoever comes next.
  location.reload();
}

document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[href^='/']");
  if (!link || link.hasAttribute("download") || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  event.preventDefault();
  go(link.getAttribute("href"));
});
window.addEventListener("popstate", render);
enter();
