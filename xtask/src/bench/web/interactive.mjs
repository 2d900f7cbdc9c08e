// Prints how many milliseconds a page takes from navigation to the end of hydration, which the page
// marks by itself: with an empty cache and with a warm one.
import { chromium } from "@playwright/test";

const [executablePath, url, cookie] = process.argv.slice(2);
const [name, ...value] = cookie.split("=");
const browser = await chromium.launch({
    executablePath,
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
        "--disable-background-networking", "--disable-component-update"],
});

async function load(page) {
    await page.goto(url, { waitUntil: "load" });
    const mark = await page.waitForFunction(() => performance.getEntriesByName("interactive")[0]?.startTime);
    return mark.jsonValue();
}

const times = { cold: [], warm: [] };
for (let round = 0; round < 6; round++) {
    const context = await browser.newContext();
    await context.addCookies([{ name, value: value.join("="), url }]);
    const page = await context.newPage();
    const cold = await load(page);
    const warm = await load(page);
    // The first round starts the browser's own processes.
    if (round > 0) {
        times.cold.push(cold);
        times.warm.push(warm);
    }
    await context.close();
}
await browser.close();
console.log(JSON.stringify(times));
