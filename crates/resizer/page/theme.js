// The theme is set before the first paint, so this is a classic script in the head: a module would run too late.
(() => {
  const key = "resizer.theme";
  const choices = ["auto", "light", "dark"];
  let stored = "auto";
  try {
    stored = localStorage.getItem(key) ?? "auto";
  } catch {
    // A browser that keeps nothing still shows the page.
  }
  const set = (choice) => {
    const theme = choices.includes(choice) ? choice : "auto";
    document.documentElement.dataset.theme = theme;
    try {
      localStorage.setItem(key, theme);
    } catch {
      // As above.
    }
    document.dispatchEvent(new Event("themechange"));
  };
  set(stored);
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    document.dispatchEvent(new Event("themechange"));
  });
  document.addEventListener("DOMContentLoaded", () => {
    for (const input of document.querySelectorAll("input[name=theme]")) {
      input.checked = input.value === document.documentElement.dataset.theme;
      input.addEventListener("change", () => set(input.value));
    }
  });
})();
