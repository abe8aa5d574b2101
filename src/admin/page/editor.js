// The editor of a pattern file. An edit stays in this tab, whatever else is looked at, until it is dropped or its author logs out.
import { newest } from "./api.js";
import { el, put } from "./dom.js";
import { words } from "./words.js";

const told = words.workbench;

/** An editor; `changed` is called when what is edited is another text than before. */
export function editor(files, { ask, me, go, fail }, changed) {
  const reading = newest(ask);
  const toml = el("textarea", { rows: 18, spellcheck: "false", "aria-label": told.toml, disabled: true, on: { input: () => keep() } });
  const file = el("select", { "aria-label": told.file, on: { change: () => choose(file.value) } },
    el("option", { value: "" }, told.noFile), files.map((file) => el("option", { value: file }, file)));
  const drop = el("button", { type: "button", hidden: true, on: { click: () => { toml.value = original; keep(); } } }, told.drop);
  const said = el("p", { class: "soft", role: "status" });
  const problems = el("div", { role: "status" });
  let original = "";

  const place = () => `${me.name}: ${file.value}`;
  const edited = () => (toml.value === original ? undefined : { file: file.value, toml: toml.value });
  const keep = () => {
    if (edited()) sessionStorage.setItem(place(), toml.value);
    else sessionStorage.removeItem(place());
    drop.hidden = !edited();
    put(said, edited() && told.kept);
    changed();
  };
  const choose = async (name) => {
    file.value = name;
    go(name ? `/workbench?file=${encodeURIComponent(name)}` : "/workbench", { replace: true });
    toml.value = original = "";
    toml.disabled = true;
    try {
      if (name) original = (await reading.ask("/api/patterns", { query: { file: name } })).toml;
      else reading.stop();
      toml.value = sessionStorage.getItem(place()) ?? original;
      toml.disabled = !name;
      keep();
    } catch (error) {
      fail(error, said);
    }
  };
  const copy = async () => {
    const copied = await navigator.clipboard?.writeText(toml.value).then(() => true, () => false);
    if (!copied) toml.select();
    put(said, copied ? told.copied : told.selected);
  };
  const buttons = [el("button", { type: "button", on: { click: copy } }, told.copy), drop];
  return { parts: [el("div", { class: "row" }, file, buttons), said, toml, problems], problems, edited, choose };
}
