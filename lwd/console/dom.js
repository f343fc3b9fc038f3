// Elements, made shortly.

export function $(selector) {
  return document.querySelector(selector);
}

// An element of a tag, with attributes, and children that are elements or text.
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

// Has a button copy what `text` returns, and say so.
export function copies(button, text) {
  const label = button.textContent;
  button.addEventListener("click", async () => {
    // Like the microphone, it is there for safe pages alone.
    await navigator.clipboard?.writeText(text());
    button.textContent = navigator.clipboard ? "Copied" : "Not without https";
    setTimeout(() => {
      button.textContent = label;
    }, 1500);
  });
}
