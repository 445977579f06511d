// The page as a whole: head, side, and the part that the address names.

import { render } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { JSX } from "preact";
import { data } from "./data";
import { Er } from "./er";
import { Home } from "./home";
import { Lineage } from "./lineage";
import { MacroPage, NodePage } from "./node";
import { Quality } from "./quality";
import { href, useRoute, type Route } from "./route";
import { Search } from "./search";
import { Empty } from "./text";
import { apply, toggle, useTheme } from "./theme";
import { Tree } from "./tree";

const pages: { page: string; label: string }[] = [
  { page: "", label: "Overview" }, { page: "lineage", label: "Lineage" }, { page: "er", label: "ER diagram" }, { page: "quality", label: "Data quality" },
];

function App(): JSX.Element {
  const route = useRoute();
  const theme = useTheme();
  const [side, setSide] = useState(false);
  const address = `${route.page}/${route.argument}`;
  useEffect(() => {
    setSide(false);
    document.querySelector("main")?.scrollTo(0, 0);
    document.title = [route.argument.split(".").at(-1) || pages.find((it) => it.page === route.page)?.label, data.project].filter(Boolean).join(" · ");
  }, [address]);
  const wide = route.page === "lineage" || route.page === "er";
  return (
    <div class={`app ${side ? "side-open" : ""}`}>
      <a class="skip" href="#main" onClick={(event) => { event.preventDefault(); document.getElementById("main")?.focus(); }}>Skip to content</a>
      <header class="top">
        <button type="button" class="menu" aria-label="Contents" aria-expanded={side} onClick={() => setSide(!side)}>☰</button>
        <a class="home-link" href={href("")}>
          <svg viewBox="0 0 32 32" width="22" aria-hidden="true"><rect width="32" height="32" rx="8" /><path d="M8 10h6M8 22h6M18 16h6M14 10c4 0 2 6 4 6M14 22c4 0 2-6 4-6" /></svg>
          <span>{data.project}</span>
        </a>
        <nav aria-label="Pages">{pages.map((it) => <a key={it.page} href={href(it.page)} aria-current={route.page === it.page ? "page" : undefined}>{it.label}</a>)}</nav>
        <Search />
        <button type="button" class="theme" onClick={toggle} aria-label={theme === "dark" ? "Light colours" : "Dark colours"} title={theme === "dark" ? "Light" : "Dark"}>{theme === "dark" ? "☀" : "☾"}</button>
      </header>
      <Tree route={route} />
      <main id="main" tabIndex={-1} class={wide ? "wide" : ""}>
        <Page route={route} />
        {wide ? null : <footer class="faint">{data.generated_at ? <>Made by gdbt {data.version} on {new Date(data.generated_at).toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "short" })}</> : null}</footer>}
      </main>
    </div>
  );
}

function Page({ route }: { route: Route }): JSX.Element {
  switch (route.page) {
    case "": return <Home />;
    case "lineage": return <Lineage route={route} />;
    case "er": return <Er route={route} />;
    case "quality": return <Quality route={route} />;
    case "node": return <NodePage route={route} />;
    case "macro": return <MacroPage route={route} />;
    default: return <Empty title="Not here">There is no page at this address.</Empty>;
  }
}

apply();
render(<App />, document.getElementById("app")!);
