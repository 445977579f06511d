// Light and dark: as the system says, unless the reader chose.

import { useEffect, useState } from "preact/hooks";

const KEY = "gdbt-theme";
const system = matchMedia("(prefers-color-scheme: dark)");
const listeners = new Set<() => void>();

function stored(): string | null {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}

export const current = (): "light" | "dark" =>
  (document.documentElement.dataset["theme"] as "light" | "dark" | undefined) ?? "light";

export function apply(): void {
  const chosen = stored();
  document.documentElement.dataset["theme"] = chosen === "light" || chosen === "dark" ? chosen : system.matches ? "dark" : "light";
  for (const listener of listeners) listener();
}

export function toggle(): void {
  try {
    localStorage.setItem(KEY, current() === "dark" ? "light" : "dark");
  } catch {
    document.documentElement.dataset["theme"] = current() === "dark" ? "light" : "dark";
    for (const listener of listeners) listener();
    return;
  }
  apply();
}

export function useTheme(): "light" | "dark" {
  const [theme, setTheme] = useState(current);
  useEffect(() => {
    const listener = () => setTheme(current());
    listeners.add(listener);
    return () => void listeners.delete(listener);
  }, []);
  return theme;
}

system.addEventListener("change", apply);
