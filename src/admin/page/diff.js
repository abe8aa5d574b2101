// What differs between two texts: the lines that went and came, and within them the words.
import { el } from "./dom.js";

/** Above so many comparisons two runs count as different altogether. */
const MOST = 4_000_000;

export function diff(before, after) {
  const parts = [];
  let [went, came] = [[], []];
  const change = () => {
    parts.push(changed(went.join("\n"), came.join("\n"), went.length, came.length));
    [went, came] = [[], []];
  };
  for (const [fate, line] of fates(before.split("\n"), after.split("\n"))) {
    if (fate === "went") went.push(line);
    else if (fate === "came") came.push(line);
    else {
      change();
      parts.push(el("span", {}, `  ${line}\n`));
    }
  }
  change();
  return el("pre", { class: "diff", tabindex: 0 }, parts);
}

/** Lines that went and those that came in their place; the words that make the difference stand out. */
function changed(before, after, went, came) {
  const words = fates(before.split(/(\s+)/), after.split(/(\s+)/));
  const shown = (sign, fate) => ([one, word]) => {
    const text = word.replaceAll("\n", `\n${sign} `);
    return one === fate && went && came ? el("b", {}, text) : text;
  };
  const side = (name, sign, fate) =>
    el(name, {}, `${sign} `, words.filter(([one]) => one === fate || one === "stays").map(shown(sign, fate)), "\n");
  return [went > 0 && side("del", "−", "went"), came > 0 && side("ins", "+", "came")];
}

/** Each item of two lists, in order, with what became of it: it stays, went or came. The longest common run of items stays. */
function fates(before, after) {
  const begin = common(before, after);
  const end = common(before.slice(begin).reverse(), after.slice(begin).reverse());
  const [old, now] = [before, after].map((list) => list.slice(begin, list.length - end));
  const stays = (item) => ["stays", item];
  const went = old.map((item) => ["went", item]);
  const between = old.length * now.length > MOST ? [...went, ...now.map((item) => ["came", item])] : paired(old, now);
  return [...before.slice(0, begin).map(stays), ...between, ...before.slice(before.length - end).map(stays)];
}

/** How many items two lists have in common at their beginning. */
function common(one, other) {
  const differs = one.findIndex((item, place) => item !== other[place]);
  return differs < 0 ? one.length : differs;
}

function paired(old, now) {
  const run = Array.from({ length: old.length + 1 }, () => new Uint16Array(now.length + 1));
  for (let i = old.length - 1; i >= 0; i--) {
    for (let j = now.length - 1; j >= 0; j--) run[i][j] = old[i] === now[j] ? run[i + 1][j + 1] + 1 : Math.max(run[i + 1][j], run[i][j + 1]);
  }
  const found = [];
  let [i, j] = [0, 0];
  while (i < old.length || j < now.length) {
    if (i < old.length && j < now.length && old[i] === now[j]) { found.push(["stays", old[i++]]); j++; }
    else if (j >= now.length || (i < old.length && run[i + 1][j] >= run[i][j + 1])) found.push(["went", old[i++]]);
    else found.push(["came", now[j++]]);
  }
  return found;
}
