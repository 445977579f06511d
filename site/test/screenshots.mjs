// Pictures of a built page for docs/site/.
//   node test/screenshots.mjs PAGE.html FOLDER
import { pathToFileURL } from "node:url";
import { launch } from "./page.mjs";

const [file, folder] = process.argv.slice(2);
const pictures = [
  ["overview", "", "light"], ["node", "#/node/model.growth_analytics.fact_sessions", "light"], ["lineage", "#/lineage", "light"],
  ["lineage-focus", "#/lineage?focus=model.growth_analytics.fact_sessions&up=2&down=2", "dark"],
  ["column-path", "#/lineage?column=model.growth_analytics.mart_channel_attribution:registered_users", "light"],
  ["er", "#/er?schema=dwh", "light"], ["er-dark", "#/er", "dark"], ["quality", "#/quality", "light"], ["search", "#/quality", "dark"],
];
const browser = await launch();
const page = await browser.newPage();
await page.setViewport({ width: 1360, height: 800 });
page.on("pageerror", (error) => console.log(error.message));
await page.goto(pathToFileURL(file).href);
for (const [name, hash, theme] of pictures) {
  await page.evaluate((hash, theme) => {
    localStorage.setItem("gdbt-theme", theme);
    location.hash = hash;
  }, hash, theme);
  await page.reload();
  await new Promise((resolve) => setTimeout(resolve, 800));
  if (name === "search") {
    await page.keyboard.press("/");
    await page.keyboard.type("channel", { delay: 30 });
    await new Promise((resolve) => setTimeout(resolve, 400));
  }
  await page.screenshot({ path: `${folder}/${name}.png` });
}
await browser.close();
