// Addresses within the page: `#/page/argument?name=value`.

import { useEffect, useState } from "preact/hooks";

export interface Route {
  page: string;
  argument: string;
  query: URLSearchParams;
}

export function href(page: string, argument = "", query: Record<string, string | number | null | undefined> = {}): string {
  const kept = Object.entries(query).filter(([, value]) => value !== null && value !== undefined && value !== "");
  const text = new URLSearchParams(kept.map(([key, value]) => [key, String(value)])).toString();
  return `#/${page}${argument ? `/${encodeURIComponent(argument)}` : ""}${text ? `?${text}` : ""}`;
}

export function parse(hash: string): Route {
  const [path = "", query = ""] = hash.replace(/^#!?\/?/, "").split("?", 2);
  const [page = "", ...rest] = path.split("/");
  const argument = rest.join("/");
  let decoded = argument;
  try {
    decoded = decodeURIComponent(argument);
  } catch {
    // A broken address names nothing that exists.
  }
  // Links of dbt's own site: #!/model/model.shop.orders
  const kinds = ["model", "seed", "snapshot", "source", "exposure", "analysis", "metric"];
  return { page: kinds.includes(page) ? "node" : page, argument: decoded, query: new URLSearchParams(query) };
}

export function useRoute(): Route {
  const [route, setRoute] = useState(() => parse(location.hash));
  useEffect(() => {
    const change = () => setRoute(parse(location.hash));
    addEventListener("hashchange", change);
    return () => removeEventListener("hashchange", change);
  }, []);
  return route;
}

export const go = (address: string): void => {
  location.hash = address;
};

/** Changes the address without a new entry in the history. */
export function replace(address: string): void {
  history.replaceState(null, "", address);
  dispatchEvent(new HashChangeEvent("hashchange"));
}
