// Types SQL on the page of a transformation, with completion from the lake's own catalog. Prints the
// milliseconds from each key to the end of the frame that shows it and all that it set off.
import { launch, signedIn } from "./browser.mjs";

const [executablePath, origin, cookie] = process.argv.slice(2);
const browser = await launch(executablePath);
const context = await signedIn(browser, origin, cookie, { viewport: { width: 1440, height: 900 } });
const page = await context.newPage();
const catalog = page.waitForResponse(/\/sql\/catalog$/);
await page.goto(`${origin}/dev/transformations/tlc_taxi_data/yellow_taxi_trip_record`);
await page.locator("sql-editor .cm-content").click();
await (await catalog).finished();
// Until the editor has taken it in.
await page.waitForTimeout(1_500);
await page.evaluate(() => {
    window.keys = [];
    document.querySelector("sql-editor").addEventListener("keydown", () => {
        const begin = performance.now();
        requestAnimationFrame(() => setTimeout(() => window.keys.push(performance.now() - begin)));
    }, { capture: true });
});
await page.keyboard.press("Control+a");
const sql = "select t.column_01, sum(t.column_05) from system_01.table_0041 as t where t.column_03 > 1";
await page.keyboard.type(sql, { delay: 60 });
await page.keyboard.press("Escape");
const keys = await page.evaluate(() => window.keys);
await browser.close();
console.log(JSON.stringify({ keys }));
