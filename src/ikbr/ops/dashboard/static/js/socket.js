// The line to the server: messages come in, a lost line is mended by trying again.

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 10_000;
const NO_SESSION = 4401;

/** Keep a line open. `onMessage` gets each message, `onChange` true when it opens and false when it is lost. */
export function keepLine(onMessage, onChange) {
  let wait = FIRST_WAIT_MS;
  const open = () => {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const line = new WebSocket(`${scheme}://${location.host}/ws`);
    line.addEventListener("open", () => {
      wait = FIRST_WAIT_MS;
      onChange(true);
    });
    line.addEventListener("message", (event) => onMessage(JSON.parse(event.data)));
    line.addEventListener("close", (event) => {
      onChange(false);
      if (event.code === NO_SESSION) return location.assign("/login");
      setTimeout(open, wait);
      wait = Math.min(2 * wait, LONGEST_WAIT_MS);
      return undefined;
    });
  };
  open();
}
