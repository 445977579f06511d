// What a reader does with the page.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { shop, write } from "./fixture.mjs";
import { chromium, launch } from "./page.mjs";

const options = { skip: chromium ? false : "chromium is missing" };
let browser;
let page;
let address;
const failures = [];

before(async () => {
  if (!chromium) return;
  address = write(shop());
  browser = await launch();
  page = await browser.newPage();
  await page.setViewport({ width: 1280, height: 800 });
  page.on("pageerror", (error) => failures.push(error.message));
  page.on("request", (request) => /^(file|data|blob):/.test(request.url()) || failures.push(`asked for ${request.url()}`));
});
after(async () => {
  await browser?.close();
  assert.deepEqual(failures, []);
});

const open = async (hash) => {
  await page.goto("about:blank");
  await page.goto(`${address}${hash}`);
};
const texts = (selector) => page.$$eval(selector, (elements) => elements.map((it) => it.textContent.trim()));
const until = (condition, ...values) => page.waitForFunction(condition, { timeout: 20000 }, ...values);
const nodes = (count) => until((count) => document.querySelector(".graph")?.dataset.nodes === String(count), count);

test("the first page tells what there is", options, async () => {
  await open("");
  assert.equal(await page.$eval("h1", (it) => it.textContent), "shop");
  assert.deepEqual(await texts(".card h3"), ["raw 1", "staging 1", "dwh 2", "mart 1", "exposures 1"]);
  assert.match((await texts(".failing"))[0], /relationships · user_key on fact_sessions 7 rows/);
});

test("search finds names, columns, descriptions and SQL, by keyboard alone", options, async () => {
  await open("");
  await page.keyboard.press("/");
  const hits = async (query) => {
    await page.$eval(".search input", (it) => it.select());
    await page.keyboard.type(query);
    await until((query) => document.querySelector(".search input").value === query && document.querySelector("#hits"), query);
    return texts(".hit-name");
  };
  assert.equal((await hits("dim_u"))[0], "dim_user");
  assert.deepEqual(await hits("session_key"), ["fact_sessions"]);
  assert.deepEqual(await hits("zebra"), ["attribution"]);
  assert.deepEqual(await hits("endmacro"), ["cents"]);
  assert.deepEqual(await hits("nowhere"), []);
  await hits("user_key");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await until(() => location.hash.startsWith("#/node/"));
});

test("a node's page shows what is known and runs nothing of it", options, async () => {
  await open("#/node/model.shop.dim_user");
  assert.equal(await page.$eval("h1", (it) => it.textContent), "dim_user");
  const facts = (await texts(".facts > div")).join("\n");
  for (const fact of ["1,234 rows", "Data team", "critical", "tier"]) assert.ok(facts.includes(fact), fact);
  assert.deepEqual(await texts("table.columns .test"), ["unique", "not_null"]);
  assert.deepEqual(await texts(".related"), ["all_sessions model", "attribution model"]);
  assert.match((await texts(".sql pre"))[0], /select md5\(userid::text\)/);
  await page.$$eval(".node .tabs button", (tabs) => tabs.find((it) => it.textContent === "Source").click());
  await until(() => document.querySelector(".sql pre").textContent.includes("{{ ref('x') }}"));
  assert.equal(await page.evaluate(() => window.broken), undefined);
  assert.equal(await page.$(".markdown script, .markdown [onerror]"), null);
  assert.equal(await page.$eval(".markdown a", (it) => it.getAttribute("href")), null);
});

test("a source's page tells how fresh it is", options, async () => {
  await open("#/node/source.shop.raw.sessions");
  assert.match((await texts(".facts > div")).join("\n"), /Freshness\s*warn loaded 1 Jan 2026/);
});

test("an old address of dbt's site still leads to the node", options, async () => {
  await open("#!/model/model.shop.attribution");
  assert.equal(await page.$eval("h1", (it) => it.textContent), "attribution");
});

test("the lineage graph is filtered with selectors", options, async () => {
  await open("#/lineage");
  await nodes(6);
  const select = async (text) => {
    await page.$eval("input[name=select]", (it) => it.select());
    await page.type("input[name=select]", text);
    await page.keyboard.press("Enter");
  };
  await select("+dim_user");
  await nodes(3);
  await select("dim_user,tag:critical source:raw.*");
  await nodes(2);
  await select("1+attribution+1");
  await nodes(4);
  await select("@dim_user");
  await nodes(6);
  await select("config.materialized:table");
  await nodes(2);
  await select("odd:thing");
  await until(() => document.querySelector(".problem")?.textContent.includes("'odd:' is not a method"));
});

test("the graph shows what is around a node, and is walked with arrows", options, async () => {
  await open("#/lineage?focus=model.shop.dim_user&up=1&down=1");
  await nodes(3);
  await page.select("select[name=levels-up]", "2");
  await nodes(4);
  await page.focus(".stage canvas");
  await page.keyboard.press("ArrowRight");
  await until(() => document.querySelector(".chosen h2")?.textContent === "attribution");
  await page.keyboard.press("Enter");
  await until(() => location.hash.includes("model.shop.attribution"));
});

test("a column's path lights up from its page", options, async () => {
  await open("#/node/model.shop.attribution");
  await page.click("table.columns button.plain");
  const sides = await texts("tr.path .two > div");
  assert.match(sides[0], /dim_user\.user_key aggregated/);
  assert.match(sides[0], /all_sessions\.channel filter/);
  await page.$$eval("tr.path .button", (links) => links[0].click());
  // Its value comes from one column only; the other decides about rows and ends there.
  await nodes(4);
  assert.match((await texts(".toolbar.focus"))[0], /Path of column users of attribution/);
});

test("entities have keys and relate", options, async () => {
  await open("#/er");
  await until(() => document.querySelectorAll(".entity").length === 2);
  assert.deepEqual(await page.$$eval(".entity", (them) => them.map((it) => it.dataset.entity)), ["dim_user", "fact_sessions"]);
  assert.deepEqual(await texts(".entity .keys"), ["PK", "PK", "FK", ""]);
  assert.deepEqual(await texts(".relation title"), ["fact_sessions.user_key → dim_user.user_key"]);
  await page.click("input[name=keys]");
  await until(() => document.querySelectorAll(".entity .keys").length === 3);
});

test("data quality tells by layer what failed, and why", options, async () => {
  await open("#/quality");
  assert.equal(await page.$eval("h1", (it) => it.textContent), "1 test failing");
  assert.deepEqual(await texts(".tile strong"), ["1", "1", "2", "1"]);
  assert.deepEqual(await page.$$eval(".layer-group", (them) => them.map((it) => it.dataset.layer)), ["staging", "dwh", "mart"]);
  await page.click(".tile.bad");
  await until(() => document.querySelectorAll(".layer-group").length === 1);
  assert.deepEqual(await page.$$eval(".marks i", (them) => them.map((it) => it.className)), ["good", "bad"]);
  await page.click(".relation-group button.plain");
  await until(() => document.querySelector(".detail")?.textContent.includes("Got 7 results"));
  await until(() => document.querySelector(".detail .sql")?.textContent.includes("select user_key from t"));
});

test("colours are the reader's choice", options, async () => {
  await open("");
  const before = await page.$eval("html", (it) => it.dataset.theme);
  await page.click(".theme");
  assert.notEqual(await page.$eval("html", (it) => it.dataset.theme), before);
  await page.click(".theme");
});

test("what is shown is saved as SVG, Mermaid and JSON", options, async () => {
  await open("#/lineage?select=%2Bdim_user");
  await nodes(3);
  await page.evaluate(() => {
    window.saved = [];
    URL.createObjectURL = (blob) => (window.saved.push(blob), "blob:none");
    HTMLAnchorElement.prototype.click = () => {};
  });
  for (const button of await page.$$(".exports button")) await button.click();
  const [svg, mermaid, json] = await page.evaluate(() => Promise.all(window.saved.map((blob) => blob.text())));
  assert.equal(await page.evaluate((text) => new DOMParser().parseFromString(text, "image/svg+xml").querySelectorAll("parsererror").length, svg), 0);
  assert.match(mermaid, /flowchart LR[\s\S]*n0 --> n1/);
  assert.deepEqual(JSON.parse(json).edges[0], { from: "source.shop.raw.sessions", to: "model.shop.all_sessions" });
});

test("an empty project is no error", options, async () => {
  const empty = { ...shop(), nodes: [], edges: [], tests: [], runs: [], er: { entities: [], relations: [] }, columns: null, macros: [], overview: null };
  const other = await browser.newPage();
  other.on("pageerror", (error) => failures.push(error.message));
  for (const hash of ["", "#/lineage", "#/er", "#/quality", "#/node/x"]) {
    await other.goto("about:blank");
    await other.goto(write(empty) + hash);
    assert.ok(await other.$(".empty h2"), hash);
  }
  await other.close();
});
