// How long a page of many nodes takes to open and to lay out, and how smoothly its graph moves.
//   node test/measure.mjs [NODES | PAGE.html]
import { pathToFileURL } from "node:url";
import { big, write } from "./fixture.mjs";
import { chromium, launch } from "./page.mjs";

if (!chromium) {
  console.log("chromium is missing; nothing is measured");
  process.exit(0);
}
const given = process.argv[2] ?? "5000";
const address = /^\d+$/.test(given) ? write(big(Number(given))) : pathToFileURL(given).href;
const browser = await launch();
const page = await browser.newPage();
await page.setViewport({ width: 1440, height: 900 });
const told = (name, value) => console.log(`${name.padEnd(44)}${Math.round(value).toString().padStart(6)} ms`);

/** Until the page answers: drawn, and its main thread free for a frame. */
const opened = async (hash, ready) => {
  await page.goto("about:blank");
  await page.goto(address + hash, { waitUntil: "domcontentloaded" });
  await page.waitForFunction(ready, { timeout: 60000, polling: 20 });
  return page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => setTimeout(() => resolve(performance.now()), 0))));
};
told("first page", await opened("", () => document.querySelector("h1")));
const size = await page.evaluate(() => document.getElementById("data").textContent.length);
told("whole lineage graph", await opened("#/lineage", () => document.querySelector(".graph")?.dataset.nodes));
console.log(`  ${await page.$eval(".graph", (it) => `${it.dataset.nodes} nodes, ${it.dataset.edges} edges`)}, ${(size / 1e6).toFixed(1)} MB of data`);

/** Times between frames while the graph is dragged. */
const frames = async (name) => {
  await page.evaluate(() => {
    window.times = [];
    let last = performance.now();
    const tick = (now) => {
      window.times.push(now - last);
      last = now;
      window.ticking = requestAnimationFrame(tick);
    };
    window.ticking = requestAnimationFrame(tick);
  });
  await page.mouse.move(800, 500);
  await page.mouse.down();
  for (let step = 1; step <= 60; step++) await page.mouse.move(800 - step * 6, 500 - step * 4);
  await page.mouse.up();
  const times = await page.evaluate(() => (cancelAnimationFrame(window.ticking), window.times.slice(1).sort((one, other) => one - other)));
  const at = (share) => times[Math.min(times.length - 1, Math.floor(times.length * share))];
  told(`${name}: median frame`, at(0.5));
  told(`${name}: slowest of 20 frames`, at(0.95));
};
await frames("moving, all in sight");
await page.evaluate(() => document.querySelector(".stage canvas").focus());
for (let press = 0; press < 14; press++) await page.keyboard.press("+");
await frames("moving, close up");
await page.focus(".search input");
const search = await page.evaluate(async () => {
  const input = document.querySelector(".search input");
  const type = (text) => { input.value = text; input.dispatchEvent(new InputEvent("input", { bubbles: true })); };
  type("model");
  await new Promise((resolve) => setTimeout(resolve, 500));
  const before = performance.now();
  type("is not null");
  await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve, 0)));
  return performance.now() - before;
});
told("search in all texts", search);
await browser.close();
