// Who are you?
import { ask } from "./api.js";
import { el, field, put } from "./dom.js";
import { words } from "./words.js";

/** Asks for a key; calls `entered` when it was one. */
export function show(main, me, entered) {
  if (!me.keys) return put(main, el("h1", {}, words.login.title), el("p", {}, words.login.none), el("pre", {}, words.login.make));
  const said = el("p", { role: "alert", class: "wrong" });
  const key = el("input", { type: "password", autocomplete: "current-password", required: true, spellcheck: "false", name: "key" });
  const send = async (event) => {
    event.preventDefault();
    put(said);
    try {
      await ask("/api/login", { form: { key: key.value } });
      entered();
    } catch (error) {
      put(said, error.message);
      key.select();
    }
  };
  put(main, el("h1", {}, words.login.title), el("p", {}, words.login.ask),
    el("form", { class: "row", on: { submit: send } }, field(words.login.key, key), el("button", { class: "main" }, words.login.enter)), said);
  key.focus();
}
