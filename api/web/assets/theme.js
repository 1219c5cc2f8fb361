// Sets the chosen theme before the first paint, so that a page never flashes in the other one.
try {
  const theme = localStorage.getItem("footnote-theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
  // Storage can be forbidden; the system's theme is used then.
}
