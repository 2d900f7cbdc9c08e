// Loads a page with an empty and with a warm cache. Prints how many milliseconds each load took from
// navigation to the end of hydration, which the page marks by itself, and how many bytes of script
// and module the first of them took, as they went over the wire.
import { launch, signedIn } from "./browser.mjs";

const [executablePath, url, cookie] = process.argv.slice(2);
const browser = await launch(executablePath);

async function load(page) {
    await page.goto(url, { waitUntil: "load" });
    const mark = await page.waitForFunction(() => performance.getEntriesByName("interactive")[0]?.startTime);
    return mark.jsonValue();
}

/** Bytes of scripts and modules that the page asked for. */
function code(page) {
    return page.evaluate(() => {
        const files = performance.getEntriesByType("resource").filter(({ name }) => /\.(js|wasm)$/.test(name));
        // A preloaded file is listed twice: when it was fetched and when it was used.
        const sizes = new Map(files.map(({ name, encodedBodySize }) => [name, encodedBodySize]));
        return [...sizes.values()].reduce((sum, size) => sum + size, 0);
    });
}

const loads = { cold: [], warm: [], bytes: 0 };
for (let round = 0; round < 6; round++) {
    const context = await signedIn(browser, url, cookie);
    const page = await context.newPage();
    const cold = await load(page);
    loads.bytes = await code(page);
    const warm = await load(page);
    // The first round starts the browser's own processes.
    if (round > 0) {
        loads.cold.push(cold);
        loads.warm.push(warm);
    }
    await context.close();
}
await browser.close();
console.log(JSON.stringify(loads));
