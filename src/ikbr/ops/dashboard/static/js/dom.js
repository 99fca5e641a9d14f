// Make elements. Whatever comes from a bot becomes text, never markup.

export const byId = (id) => document.getElementById(id);

/** Make an element: `text`, `class`, `on` (handlers by event), `data`, any other attribute. */
export function el(tag, props = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "text") made.textContent = value;
    else if (name === "class") made.className = value;
    else if (name === "on") for (const [event, act] of Object.entries(value)) made.addEventListener(event, act);
    else if (name === "data") Object.assign(made.dataset, value);
    else made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

/** Make an element of a drawing. */
export function drawn(tag, attributes, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/** Set text and tone, touching the page only where they differ. */
export function say(node, text, tone = "") {
  if (node.textContent !== text) node.textContent = text;
  if ((node.dataset.tone ?? "") !== tone) node.dataset.tone = tone;
}
