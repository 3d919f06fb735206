// Elements of the page: by id, and new ones.

export const $ = (id) => document.getElementById(id);

// Creates an element. Properties are set as properties, except data and aria attributes,
// "for", "role", "lang" and "colspan"; children are elements or texts, null ones are left out.
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "class") element.className = value;
    else if (name in element && !name.startsWith("aria")) element[name] = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

// Says a short text to screen readers.
export function say(text) {
  $("said").textContent = text;
}

export const count = (number, one, many) =>
  `${number.toLocaleString("en")} ${number === 1 ? one : many}`;

const names = new Intl.DisplayNames("en", { type: "language", fallback: "code" });

// English name of a language, by its BCP-47 code.
export function languageName(code) {
  try {
    return names.of(code);
  } catch {
    return code;
  }
}

export function bytes(number) {
  if (number >= 1e9) return `${(number / 1e9).toFixed(1)} GB`;
  if (number >= 1e6) return `${Math.round(number / 1e6)} MB`;
  return `${Math.max(1, Math.round(number / 1e3))} kB`;
}

// Button that copies a text to the clipboard and says so.
export function copyButton(label, text, said = "Copied") {
  const button = h("button", { type: "button", class: "small" }, label);
  button.addEventListener("click", async () => {
    await copy(text());
    button.classList.add("done");
    button.textContent = said;
    say(`${label}: ${said}`);
    setTimeout(() => {
      button.classList.remove("done");
      button.textContent = label;
    }, 1600);
  });
  return button;
}

async function copy(text) {
  // A page over plain HTTP that is not on this machine has no clipboard.
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const area = h("textarea", { class: "unseen", value: text });
  document.body.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
}
