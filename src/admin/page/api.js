// Questions to the listener.

/** What a question failed with. */
export class Refused extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/** Asks; `query` goes behind the path, `form` is sent. */
export async function ask(path, { query = {}, form, signal } = {}) {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== null && value !== "");
  const behind = new URLSearchParams(given).toString();
  const options = form === undefined ? { signal } : {
    signal, method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(form),
  };
  const answer = await fetch(behind ? `${path}?${behind}` : path, options);
  const text = await answer.text();
  if (!answer.ok) throw new Refused(answer.status, told(text) ?? `${answer.status} ${answer.statusText}`);
  return answer.headers.get("content-type")?.startsWith("application/json") ? JSON.parse(text) : text;
}

/** Asks for a page: what it asked ends when the page is left. */
export const asker = (left) => (path, { signal = left, ...options } = {}) => ask(path, { ...options, signal: AbortSignal.any([left, signal]) });

/** Asks, and gives up what was asked before: only the newest question is answered. */
export function newest(ask) {
  let asking = new AbortController();
  const stop = () => {
    asking.abort();
    asking = new AbortController();
  };
  return { stop, ask: (path, options) => (stop(), ask(path, { ...options, signal: asking.signal })) };
}

function told(text) {
  try {
    return JSON.parse(text).error;
  } catch {
    return undefined;
  }
}
