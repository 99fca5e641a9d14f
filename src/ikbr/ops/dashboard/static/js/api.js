// Requests to the server. A refusal is thrown with the server's words.

export class Refused extends Error {}

let csrf = "";

/** Remember the token that proves a request comes from this page. */
export const keepToken = (token) => { csrf = token; };

export const ask = (path) => send(path, {});

export const post = (path, body) => send(path, {
  method: "POST",
  headers: { "Content-Type": "application/json", "X-CSRF": csrf },
  body: JSON.stringify(body),
});

async function send(path, options) {
  let answer;
  try {
    answer = await fetch(path, { credentials: "same-origin", ...options });
  } catch {
    throw new Refused("The dashboard's server does not answer.");
  }
  const told = await answer.json().catch(() => ({}));
  if (answer.status === 401 && path !== "/login") location.assign("/login");
  if (!answer.ok) throw new Refused(told.error ?? `The server refused with status ${answer.status}.`);
  return told;
}
