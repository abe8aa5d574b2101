// Small charts: columns over time, and bars beside names. Each says in words what it shows.
import { el, number, svg, table } from "./dom.js";

const WIDTH = 720;
const HEIGHT = 120;

/** Columns over time: `parts` are drawn on top of each other, each with its class. */
export function columns(label, list, parts, titleOf) {
  const most = Math.max(1, ...list.map((one) => parts.reduce((sum, part) => sum + part.of(one), 0)));
  const wide = WIDTH / Math.max(1, list.length);
  const drawn = list.map((one, place) => {
    let from = HEIGHT;
    const bars = parts.map((part) => {
      const high = (part.of(one) / most) * (HEIGHT - 4);
      from -= high;
      return high > 0 && svg("rect", { class: part.style, x: place * wide, y: from, width: Math.max(1, wide - 1), height: high });
    });
    return svg("g", {}, svg("title", {}, titleOf(one)), svg("rect", { class: "hover", x: place * wide, y: 0, width: wide, height: HEIGHT }), bars);
  });
  return el("figure", { class: "chart" },
    svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img", "aria-label": label }, drawn),
    el("figcaption", {}, parts.map((part) => el("span", { class: `key ${part.style}` }, part.name)), el("span", { class: "soft" }, number(most), " ↑")));
}

/** Names with bars, the greatest first. */
export function bars(caption, counts, heads, cell = (name) => name) {
  const list = Object.entries(counts).sort(([, one], [, other]) => other - one);
  const most = Math.max(1, ...list.map(([, count]) => count));
  return table(caption, [heads[0], { text: heads[1], number: true }, ""], list.map(([name, count]) => [cell(name), number(count), bar(count, most)]));
}

function bar(count, most) {
  return svg("svg", { class: "bar", viewBox: "0 0 100 10", preserveAspectRatio: "none", "aria-hidden": "true" },
    svg("rect", { class: "fine", width: Math.max(1, (count / most) * 100), height: 10 }));
}

/** Phases of one exchange, one below the other, on one scale. */
export function timeline(label, phases, told) {
  const end = Math.max(1, ...phases.map((phase) => phase.to));
  const row = (phase) => el("div", { class: "phase" }, el("span", {}, phase.name),
    svg("svg", { viewBox: "0 0 1000 12", preserveAspectRatio: "none", "aria-hidden": "true" },
      svg("rect", { class: phase.style, x: (phase.from / end) * 1000, width: Math.max(2, ((phase.to - phase.from) / end) * 1000), height: 12 })),
    el("span", { class: "number" }, told(phase.to - phase.from)));
  return el("div", { class: "timeline", role: "group", "aria-label": label }, phases.map(row));
}
