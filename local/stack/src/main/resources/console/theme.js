// Dark and light: as the system has it, until a person chooses.

const STORED = "stepstile-theme";
const NEXT = { system: "light", light: "dark", dark: "system" };

export function startTheme(button) {
  let theme = localStorage.getItem(STORED) ?? "system";
  const show = () => {
    if (theme === "system") {
      delete document.documentElement.dataset.theme;
    } else {
      document.documentElement.dataset.theme = theme;
    }
    button.textContent = `Theme: ${theme}`;
  };
  button.addEventListener("click", () => {
    theme = NEXT[theme] ?? "system";
    localStorage.setItem(STORED, theme);
    show();
  });
  show();
}
