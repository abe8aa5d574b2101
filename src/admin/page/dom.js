// Builds pages. Every text goes in as text, never as markup, and what could steer its reader is made visible.

// Control characters but tab and line end, soft hyphens, blanks without width, marks and overrides of direction, tags.
const STEERING =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb]|[\u{e0000}-\u{e0fff}]|[\ud800-\udfff]/gu;

/** A text as nodes: characters that steer are told by their number. */
export function visible(text) {
  const nodes = [];
  let at = 0;
  for (const match of String(text).matchAll(STEERING)) {
    if (match.index > at) nodes.push(document.createTextNode(text.slice(at, match.index)));
    const mark = document.createElement("span");
    mark.className = "steers";
    mark.textContent = "U+" + match[0].codePointAt(0).toString(16).toUpperCase().padStart(4, "0");
    nodes.push(mark);
    at = match.index + match[0].length;
  }
  nodes.push(document.createTextNode(at ? text.slice(at) : String(text)));
  return nodes;
}

/** An element. `on` holds listeners; children are elements, texts, lists of them, or nothing. */
export function el(name, attributes = {}, ...children) {
  return fill(document.createElement(name), attributes, children);
}

/** The same for pictures. */
export function svg(name, attributes = {}, ...children) {
  return fill(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, children);
}

function fill(node, { on = {}, ...attributes }, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    node.setAttribute(name, value === true ? "" : String(value));
  }
  for (const [name, listener] of Object.entries(on)) node.addEventListener(name, listener);
  node.append(...children.flat(Infinity).filter((child) => child !== undefined && child !== null && child !== false)
    .flatMap((child) => (child instanceof Node ? child : visible(child))));
  return node;
}

/** Puts children into the place of those that a node has. */
export function put(node, ...children) {
  node.replaceChildren();
  return fill(node, {}, children);
}

/** Makes what a node holds like these children and touches nothing that is so already: focus, selection and scrolling stay. For
 * children without listeners of their own. */
export function renew(node, ...children) {
  liken(node, fill(node.cloneNode(false), {}, children));
}

function liken(old, fresh) {
  for (const { name } of [...old.attributes]) if (!fresh.hasAttribute(name)) old.removeAttribute(name);
  for (const { name, value } of fresh.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  const were = [...old.childNodes];
  const are = [...fresh.childNodes];
  were.slice(are.length).forEach((one) => one.remove());
  are.forEach((one, place) => {
    const was = were[place];
    if (!was) old.append(one);
    else if (was.nodeName !== one.nodeName) was.replaceWith(one);
    else if (one.nodeType !== Node.TEXT_NODE) liken(was, one);
    else if (was.data !== one.data) was.data = one.data;
  });
}

/** A point in time in the reader's own zone, with the log's on hover. */
export function time(at) {
  if (!at) return "–";
  const date = new Date(at);
  const local = date.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "medium" });
  return el("time", { datetime: date.toISOString(), title: date.toISOString().replace("T", " ").replace("Z", " UTC") }, local);
}

/** A day that a reader names is one of their own zone; what is none stays as it is. */
export function instant(text) {
  const day = /^\d{4}-\d\d-\d\d$/.test(text ?? "") ? new Date(`${text}T00:00`) : new Date(NaN);
  return isNaN(day) ? text : day.toISOString();
}

/** A table with a caption for those who do not see it. */
export function table(caption, heads, rows) {
  const head = (name) => el("th", { scope: "col", class: name.number ? "number" : undefined }, name.text ?? name);
  const cell = (value, place) => el("td", { class: heads[place]?.number ? "number" : undefined, "data-head": heads[place]?.text ?? heads[place] }, value);
  return el("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": caption },
    el("table", {}, el("caption", { class: "unseen" }, caption),
      el("thead", {}, el("tr", {}, heads.map(head))),
      el("tbody", {}, rows.map((row) => el("tr", {}, row.map(cell))))));
}

/** A form's field under its name. */
export function field(label, input) {
  return el("label", { class: "field" }, el("span", {}, label), input);
}

/** A number with separators. */
export function number(value) {
  return value === undefined || value === null ? "–" : value.toLocaleString();
}

/** Microseconds in a unit that can be read. */
export function span(micros) {
  if (micros === undefined || micros === null) return "–";
  if (micros < 1000) return `${Math.round(micros)} µs`;
  if (micros < 1_000_000) return `${(micros / 1000).toPrecision(3)} ms`;
  return `${(micros / 1_000_000).toPrecision(3)} s`;
}

/** The common entities: each has a colour of its own. */
const COMMON = ["SSN", "SECRET", "PHONE", "OTP", "CARD", "CRYPTO", "IBAN", "EMAIL", "DATE_OF_BIRTH", "IP"];

/** The class that colours an entity, the same one everywhere. */
export function hue(entity) {
  if (COMMON.includes(entity)) return `hue${COMMON.indexOf(entity)}`;
  let sum = 7;
  for (const letter of entity) sum = (sum * 31 + letter.codePointAt(0)) % 9973;
  return `hue${sum % 10}`;
}

/** An entity's name in its colour. */
export function entity(name) {
  return el("span", { class: `entity ${hue(name)}` }, name);
}

const PLACEHOLDER = /\[([A-Z][A-Z0-9_]*)_([0-9A-Z]{4,})\]/g;
const LONGEST = 100_000;

/** A text in which placeholders have their entity's colour; a long one is shown piece by piece. */
export function marked(text, more) {
  const box = el("span", { class: "text" });
  const add = (from) => {
    const piece = text.slice(from, from + LONGEST);
    let at = 0;
    for (const match of piece.matchAll(PLACEHOLDER)) {
      fill(box, {}, [piece.slice(at, match.index), el("mark", { class: `entity ${hue(match[1])}`, title: match[1] }, match[0])]);
      at = match.index + match[0].length;
    }
    fill(box, {}, [piece.slice(at)]);
    const rest = text.length - from - LONGEST;
    if (rest <= 0) return;
    const button = el("button", { type: "button", on: { click: () => { button.remove(); add(from + LONGEST); } } }, more(rest));
    box.append(button);
  };
  add(0);
  return box;
}
