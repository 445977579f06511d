// Opens built pages in a headless Chromium.
import { existsSync } from "node:fs";
import puppeteer from "puppeteer-core";

const candidates = [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
export const chromium = candidates.find((path) => path && existsSync(path));

export const launch = () =>
  puppeteer.launch({ executablePath: chromium, headless: true, args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--allow-file-access-from-files"] });
