// Why something is found in a text, and why not.
import { el, entity, hue, number, table } from "./dom.js";
import { words } from "./words.js";

const told = words.workbench;

/** What is wrong with an edited file. */
export function wrong(list) {
  return el("ul", { class: "wrong" }, list.map((one) => el("li", {}, el("code", {}, `${one.file}:${one.line}`), ` ${one.what}: ${one.remedy}`)));
}

/** The text with what was found in its colour. */
export function highlighted(text, findings) {
  let at = 0;
  const parts = [];
  for (const { span: [from, to], entity: name, pattern } of findings) {
    parts.push(text.slice(at, from), el("mark", { class: `entity ${hue(name)}`, title: `${name}, ${pattern}` }, text.slice(from, to)));
    at = to;
  }
  return [...parts, text.slice(at)];
}

const part = (text, place) => (place ? text.slice(...place) : undefined);

export function reasons(text, findings) {
  if (!findings.length) return el("p", { class: "empty" }, told.nothing);
  return table(told.why, told.whyHeads, findings.map((one) => [
    entity(one.entity), el("code", {}, part(text, one.span)), [el("code", {}, one.pattern), el("span", { class: "soft" }, ` ${one.file}, ${told.strengths[one.strength]}`)],
    one.check ?? "–", one.cue ? el("q", {}, part(text, one.cue)) : "–", one.source,
  ]));
}

const overlap = (lost) => (lost ? told.overlap[lost.lead ?? "other"](lost.to) : told.alike);

/** What was dropped, by place: the patterns that each stage dropped there. */
export function drops(text, dropped) {
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
