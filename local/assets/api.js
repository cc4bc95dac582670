// The API, as the page uses it.

/** What the server said was wrong, and with which value. */
export class ApiError extends Error {
  constructor(message, field = null) {
    super(message);
    this.field = field;
  }
}

/** The JSON at an address. `query` leaves out what is empty. */
export async function get(path, query = {}) {
  const entries = Object.entries(query).filter(([, value]) => value !== "" && value !== null && value !== undefined);
  const response = await send(entries.length ? `${path}?${new URLSearchParams(entries)}` : path, {});
  return response.json();
}

/** A request that changes something. */
export async function change(method, path, body = {}) {
  await send(path, withBody(method, body));
}

/** A request whose answer is a line of JSON for each thing that happens. `signal` ends it with an AbortError. */
export async function stream(method, path, body, onEvent, signal) {
  const response = await send(path, { ...withBody(method, body), signal });
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const lines = (rest + value).split("\n");
    rest = lines.pop();
    lines.filter(Boolean).forEach((line) => onEvent(JSON.parse(line)));
  }
}

function withBody(method, body) {
  return { method, headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
}

async function send(path, options) {
  let response;
  try {
    response = await fetch(path, { ...options, credentials: "omit", cache: "no-store", redirect: "error" });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError("soc-anywhere does not answer: is it still running?");
  }
  if (response.ok) return response;
  const problem = await response.json().catch(() => ({}));
  throw new ApiError(problem.detail ?? `the answer was ${response.status}`, problem.field);
}
