// Scrolls a result of 100,000 rows for some seconds. Prints the milliseconds from one frame to the
// next: a page that keeps up shows one every 16.7 ms.
import { launch, signedIn } from "./browser.mjs";

const [executablePath, origin, cookie] = process.argv.slice(2);
const digits = "(values (0),(1),(2),(3),(4),(5),(6),(7),(8),(9))";
const n = "a.d + 10 * b.d + 100 * c.d + 1000 * d.d + 10000 * e.d";
const columns = Array.from({ length: 9 }, (_, at) => `(${n}) * ${at + 1} as c${at}`).join(", ");
const sql = `select ${n} as n, ${columns}, 'row ' || (${n}) as name
from ${digits} a(d), ${digits} b(d), ${digits} c(d), ${digits} d(d), ${digits} e(d)`;

const browser = await launch(executablePath);
const context = await signedIn(browser, origin, cookie, { viewport: { width: 1440, height: 900 } });
const page = await context.newPage();
await page.goto(`${origin}/dev/query`);
const id = await page.evaluate(async (sql) => {
    const path = "/api/v1/environments/dev/queries";
    const headers = { "content-type": "application/json" };
    let query = await (await fetch(path, { method: "POST", headers, body: JSON.stringify({ sql }) })).json();
    while (["QUEUED", "RUNNING"].includes(query.state)) {
        await new Promise((done) => setTimeout(done, 100));
        query = await (await fetch(`${path}/${query.id}`)).json();
    }
    return query.id;
}, sql);
await page.goto(`${origin}/dev/query?query=${id}`);
await page.waitForSelector('.grid-view[aria-rowcount="100001"] [data-row="0"]');
const frames = await page.evaluate(async () => {
    const view = document.querySelector(".grid-view");
    const frame = () => new Promise((drawn) => requestAnimationFrame(drawn));
    const frames = [];
    let before = await frame();
    for (let count = 0; count < 400; count++) {
        // Slowly as a wheel does, then as fast as a dragged bar.
        view.scrollTop += count < 200 ? 90 : 9_000;
        const now = await frame();
        frames.push(now - before);
        before = now;
    }
    return frames;
});
await browser.close();
console.log(JSON.stringify({ frames }));
