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

// Text as children of an element; what it has in backticks is code.
export function prose(text) {
  return text.split("`").map((part, n) => (n % 2 ? h("code", {}, part) : part));
}

// Has a button copy what `text` returns, and say so; what `shown` shows of it is selected where the
// browser lets no page copy, as it does on http:// and where somebody forbade it.
export function copies(button, text, shown) {
  const label = button.textContent;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(text());
      button.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(shown);
      button.textContent = "Selected: copy it by key or menu";
    }
    setTimeout(() => {
      button.textContent = label;
    }, 3000);
  });
}
