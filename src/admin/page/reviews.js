// System prompts and tools in use, the unreviewed ones first.
import { ask as send } from "./api.js";
import { diff } from "./diff.js";
import { el, entity, field, marked, number, put, time } from "./dom.js";
import { words } from "./words.js";

const told = words.reviews;

export async function show(main, query, { ask, go, fail }) {
  const last = query.get("last") ?? "1000";
  put(main, el("h1", {}, told.title), el("p", { role: "status" }, told.reading));
  const { read, seen } = await ask("/api/reviews", { query: { last } });
  seen.sort((one, other) => other.new - one.new || other.last.localeCompare(one.last));
  const byHash = new Map(seen.map((one) => [one.hash, one]));
  const said = el("p", { class: "wrong", role: "alert" });
  const note = el("input", { name: "note", required: true, maxlength: 400, placeholder: told.noteHint });
  const sign = async (event) => {
    event.preventDefault();
    const chosen = [...main.querySelectorAll("input[type=checkbox]:checked")].map((box) => box.value);
    if (!chosen.length) return put(said, told.choose);
    try {
      // It is signed off, even if the page is left meanwhile.
      await send("/api/reviews/sign-off", { form: { seen: chosen, note: note.value } });
      go(`/reviews?last=${last}`);
    } catch (error) {
      fail(error);
    }
  };
  const more = [1000, 10000, 100000].map((count) => el("a", { href: `/reviews?last=${count}`, "aria-current": String(count) === last ? "true" : undefined }, number(count)));
  const open = seen.filter((one) => one.new).length;
  put(main, el("h1", {}, told.title), el("p", {}, told.read(number(read), number(seen.length), number(open))), el("p", { class: "soft choice" }, told.lastOnes, more),
    seen.length ? [el("form", { class: "row sign", on: { submit: sign } }, field(told.note, note), el("button", { class: "main", disabled: !open }, told.signOff), said),
      seen.map((one) => card(one, byHash.get(one.previous)))] : el("p", { class: "empty" }, told.none));
}

function card(one, before) {
  const name = one.kind === "tool" ? `${told.kinds.tool} ${one.name ?? ""}` : told.kinds.system;
  const id = `seen-${one.hash}`;
  return el("article", { class: one.new ? "card new" : "card", "aria-labelledby": id },
    el("h2", { id }, one.new && el("label", { class: "check" }, el("input", { type: "checkbox", value: one.hash, checked: true, "aria-label": told.include(name) })), name, " ",
      el("span", { class: "badge" }, one.new ? told.new : told.signed)),
    el("p", { class: "soft" }, told.first, " ", time(one.first), ", ", told.last, " ", time(one.last), `, ${told.times(number(one.times))} `, el("code", {}, one.hash)),
    one.signed && el("p", { class: "soft" }, told.by(one.signed.by ?? told.commandLine), " ", time(one.signed.at), ": ", one.signed.note),
    one.entities.length > 0 && el("p", {}, told.held, " ", one.entities.map((name) => [entity(name), " "])),
    el("details", { open: one.new }, el("summary", {}, told.whole), el("pre", { tabindex: 0 }, marked(spread(one.text), (rest) => words.exchange.more(number(rest))))),
    before && el("details", {}, el("summary", {}, told.diff), el("p", { class: "soft" }, told.against, " ", el("code", {}, before.hash), ", ", time(before.first)), diff(spread(before.text), spread(one.text))));
}

function spread(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
