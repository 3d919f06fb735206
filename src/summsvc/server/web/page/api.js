// Calls of the server: JSON in, JSON or one event per line out.

import { $ } from "./dom.js";

// An error that the server names: code, reason, message, field, metadata, retry_after_s.
export class CallError extends Error {
  constructor(details) {
    super(details.message);
    this.details = details;
  }
}

export async function facts() {
  return (await fetch("server.json")).json();
}

export async function call(method, request = {}, signal = undefined) {
  const response = await send(method, request, signal);
  return response.json();
}

// Yields the events of a stream.
export async function* stream(method, request, signal) {
  const response = await send(method, request, signal);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) break;
      const lines = (rest + value).split("\n");
      rest = lines.pop();
      for (const line of lines) {
        const event = JSON.parse(line);
        if (event.error) throw new CallError(event.error);
        yield event;
      }
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

async function send(method, request, signal) {
  for (;;) {
    const token = sessionStorage.getItem("token");
    const response = await post(method, request, token, signal);
    if (response.ok) return response;
    const details = await problem(response);
    if (details.code !== "UNAUTHENTICATED") throw new CallError(details);
    await askForToken(token ? "The server does not accept this token." : "");
  }
}

async function post(method, request, token, signal) {
  const headers = { "content-type": "application/json" };
  if (token) headers.authorization = `Bearer ${token}`;
  try {
    return await fetch(`api/${method}`, {
      method: "POST",
      body: JSON.stringify(request),
      headers,
      signal,
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new CallError({
      code: "UNAVAILABLE",
      reason: "NO_CONNECTION",
      message: "The server cannot be reached. Check that it is running, then run again.",
    });
  }
}

async function problem(response) {
  const text = await response.text();
  try {
    return JSON.parse(text).error;
  } catch {
    return { code: "UNKNOWN", reason: `HTTP ${response.status}`, message: text.trim() };
  }
}

let asked = null;

// Asks once, also when several calls need the token at the same time.
function askForToken(said) {
  asked ??= new Promise((resolve) => {
    const dialog = $("token-dialog");
    if (said) {
      $("token-problem").textContent = said;
      $("token-problem").classList.add("bad");
    }
    $("token").value = "";
    dialog.oncancel = (event) => event.preventDefault();
    dialog.onclose = () => {
      sessionStorage.setItem("token", $("token").value.trim());
      $("token").value = "";
      asked = null;
      resolve();
    };
    dialog.showModal();
  });
  return asked;
}
