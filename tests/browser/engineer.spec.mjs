// One sitting of an engineer who has used Athena and a text file until now: change the yellow
// aggregation, see what that does to real rows, save, run, query, chart, and go back.
import { alive, expect, expectStatus, open, signIn, test } from "./console.mjs";
import { save, text, write } from "./editor.mjs";
import { Lake } from "./lake.mjs";

const TABLE = "datablog_arg.yellow_taxi_trip_record";
const TOTAL = `select sum(total_amount) as total from ${TABLE}`;
const SHARES = `select cast(payment_type as varchar) as payment, sum(total_amount) as total from ${TABLE} group by 1 order by 1`;

const lake = new Lake();
test.beforeAll(async () => {
    lake.run("demo", "--no-serve", "--rows", "4000");
    await lake.serve();
});
test.afterAll(() => lake.stop());

const section = (page, name) => page.getByRole("navigation", { name: "Sections" }).getByRole("link", { name, exact: true });

/** Goes to the page of the yellow transformation as a reader does. */
async function toTransformation(page) {
    await section(page, "Transformations").click();
    await page.getByRole("main").getByRole("link", { name: "tlc_taxi_data/yellow_taxi_trip_record", exact: true }).first().click();
    await expect(page.getByRole("heading", { level: 1, name: /yellow_taxi_trip_record/ })).toBeVisible();
    await expect(page.locator("sql-editor .cm-content")).toBeVisible();
}

async function query(page, sql) {
    await write(page, sql);
    await expect(page.locator("sql-editor")).toHaveJSProperty("value", sql);
    // The page hears of what is typed after a short pause; proposals would lie over its buttons.
    await page.waitForTimeout(300);
    await page.keyboard.press("Escape");
    const before = await page.locator(".query-state").textContent().catch(() => "");
    await page.getByRole("button", { name: "Run", exact: true }).click();
    await expect.poll(() => page.locator(".query-state").textContent()).not.toBe(before);
    await expect(page.locator(".query-state .badge")).toHaveText("Succeeded", { timeout: 30_000 });
}

async function total(page) {
    await section(page, "Query").click();
    await query(page, TOTAL);
    const cell = page.locator('[data-row="0"] [aria-colindex="1"]');
    await expect(cell).toHaveText(/^\d+(\.\d+)?$/);
    return Number(await cell.textContent());
}

/** Rebuilds the table by what was just saved. */
async function rebuild(page) {
    await page.getByRole("button", { name: "Run it over the data now" }).click();
    await page.getByRole("link", { name: "Follow the run" }).click();
    await expectStatus(page, "Succeeded");
}

test("the yellow aggregation is changed, looked at, saved, run, queried, charted and taken back", async ({ page }) => {
    test.setTimeout(240_000);
    await signIn(page, lake);
    await alive(page);
    const before = await total(page);

    await test.step("which rows and columns change is said before anything does", async () => {
        await toTransformation(page);
        const sql = await text(page);
        expect(sql).toContain("sum(total_amount)total_amount");
        await write(page, sql.replace("sum(total_amount)total_amount", "sum(total_amount) * 2 total_amount"));
        await expect(page.getByRole("status", { name: "Problems" })).toContainText("No problems");
        await page.getByRole("link", { name: "Impact" }).click();
        await page.getByRole("button", { name: "Compare with what runs" }).click();
        await expect(page.getByText(/^Of [\d,]+ rows: [\d,]+ changed\.$/)).toBeVisible({ timeout: 30_000 });
        await expect(page.getByRole("row", { name: /^total_amount/ })).toContainText("0.00 %");
        await expect(page.getByRole("row", { name: /^total_tip_amount|^total_tolls_amount/ }).first()).toContainText("100.00 %");
    });
    await test.step("saved and run, the table has it", async () => {
        await save(page, "Count every dollar twice", "the totals are to change");
        await expect(page.getByText(/Version 2 is saved and builds the table/)).toBeVisible();
        await rebuild(page);
        expect(await total(page)).toBeCloseTo(2 * before, 3);
    });
    await test.step("two clicks chart it", async () => {
        await query(page, SHARES);
        await page.getByRole("button", { name: "Chart", exact: true }).click();
        await page.getByRole("button", { name: "Bar", exact: true }).click();
        await expect(page.getByRole("img", { name: /total by payment/ })).toBeVisible();
    });
    await test.step("and it can be taken back", async () => {
        await toTransformation(page);
        await page.getByRole("link", { name: "History" }).click();
        await page.getByRole("button", { name: "Restore version 1" }).click();
        await page.getByLabel("Why", { exact: true }).fill("Dollars count once");
        await page.getByRole("button", { name: "Restore", exact: true }).click();
        await expect(page.getByText(/Version 3 is saved and builds the table/)).toBeVisible();
        await rebuild(page);
        expect(await total(page)).toBeCloseTo(before, 3);
    });
});
