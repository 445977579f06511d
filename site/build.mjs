// Bundles src/ into dist/index.html: one page with its styles and its program, and a place for data.
import { readFile, mkdir, writeFile } from "node:fs/promises";
import { build } from "esbuild";

const here = (path) => new URL(path, import.meta.url);
const bundle = (entry) =>
  build({
    entryPoints: [here(entry).pathname],
    bundle: true,
    minify: true,
    write: false,
    target: "es2022",
    format: "iife",
    jsx: "automatic",
    jsxImportSource: "preact",
    legalComments: "none",
    charset: "utf8",
  }).then((result) => result.outputFiles[0].text.trim());

const [page, style, program] = await Promise.all([
  readFile(here("src/index.html"), "utf8"),
  bundle("src/style.css"),
  bundle("src/main.tsx"),
]);
// A program that contains the end of its own element would end there.
const inline = (text) => text.replaceAll("</script", "<\\/script").replaceAll("<!--", "<\\!--");
await mkdir(here("dist"), { recursive: true });
await writeFile(
  here("dist/index.html"),
  page.replace("/* style */", () => style).replace("/* program */", () => inline(program)),
);
