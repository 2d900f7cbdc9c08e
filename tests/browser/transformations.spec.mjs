// The walk of an engineer who changes the yellow aggregation: errors while typing, dry run, preview,
// impact, save, conflict with somebody else's save, restore, re-run, lineage.
import { expect, expectAccessible, expectNoSidewaysScroll, open, picture, signIn, test } from "./console.mjs";
import { save, submit, text, write } from "./editor.mjs";
import { Lake } from "./lake.mjs";

const DATASET = "tlc_taxi_data/yellow_taxi_trip_record";
const API = `/api/v1/environments/dev/transformations/${DATASET}`;
const REASON = "its columns are to change";
const SQL = `SELECT
  count(*) AS count,
  coalesce(vendorid, -1) AS vendorid,
  year, month, day,
  payment_type,
  sum(total_amount) AS total_amount
FROM datalake_raw_source.yellow_taxi_trip_record
GROUP BY vendorid, year, month, day, payment_type
`;

const lake = new Lake();
test.beforeAll(async () => {
    lake.run("demo", "--no-serve", "--rows", "4000");
    await lake.serve();
});
test.afterAll(async () => lake.stop());
test.beforeEach(async ({ page }) => signIn(page, lake));

/** The page of the transformation, once its editor is there. */
async function desk(page, tab = "output") {
    await open(page, `${lake.url}/dev/transformations/${DATASET}?tab=${tab}`);
    await expect(page.locator("sql-editor .cm-content")).toBeVisible();
}

/** What the API says now. */
const current = async (page) => (await (await page.request.get(lake.url + API)).json()).current;

/** Saves through the API, as somebody else would. */
async function savedElsewhere(page, sql, message) {
    const base = (await current(page))?.version ?? 0;
    const answer = await page.request.put(lake.url + API, {
        data: { sql, message, base, accept_failing_tests: REASON },
        headers: { origin: lake.url },
    });
    expect(answer.status(), await answer.text()).toBe(200);
    return (await answer.json()).saved;
}

test("an error is underlined while typing, its mending is offered, and what is fine can be saved", async ({ page }) => {
    await desk(page);
    await write(page, SQL.replace("sum(total_amount)", "sum(total_amont)"));
    await expect(page.locator("sql-editor .cm-lintRange-error", { hasText: /^total_amont$/ })).toBeVisible();
    const problem = page.getByRole("status", { name: "Problems" });
    await expect(problem).toContainText("line 6");
    await expect(page.getByRole("button", { name: "Save…" })).toBeDisabled();
    await expectAccessible(page);
    await problem.getByRole("button", { name: "Use total_amount" }).click();
    await expect(problem).toContainText("No problems");
    expect(await text(page)).toBe(SQL);

    await page.getByRole("button", { name: "Dry run" }).click();
    await expect(page.getByText(/columns differ from the live table/)).toBeVisible();
    await expect(page.getByRole("row", { name: /total_fare_amount/ })).toContainText("Gone");
    await page.getByRole("link", { name: "Preview" }).click();
    await page.locator("sql-editor .cm-content").click();
    await page.keyboard.press("Control+Enter");
    await expect(page.getByText(/rows in .* over/)).toBeVisible();
    await expect(page.getByRole("group", { name: "Rows of the preview" }).getByRole("row").nth(1)).toBeVisible();
    expect(await text(page), "Ctrl Enter writes nothing").toBe(SQL);
    await picture(page, "transformation");
    await expectAccessible(page);

    await save(page, "Count by vendor and payment", REASON);
    await expect(page.getByText(/Version 2 is saved and builds the table/)).toBeVisible();
    expect(await current(page)).toMatchObject({ version: 2, message: "Count by vendor and payment", sql: SQL });
    await page.getByRole("button", { name: "Run it over the data now" }).click();
    await page.getByRole("link", { name: "Follow the run" }).click();
    await expect(page.getByText("Run Succeeded", { exact: true })).toBeAttached({ timeout: 60_000 });
    await expect(page.getByText(/rebuilt by version 2/).first()).toBeVisible();
});

test("impact shows which rows and columns of real data change", async ({ page }) => {
    await savedElsewhere(page, SQL, "as before");
    await desk(page, "impact");
    await write(page, SQL.replace("sum(total_amount)", "sum(total_amount) + 1"));
    await expect(page.getByRole("status", { name: "Problems" })).toContainText("No problems");
    await page.getByRole("button", { name: "Compare with what runs" }).click();
    await expect(page.getByText(/^Of [\d,]+ rows: [\d,]+ changed\.$/)).toBeVisible({ timeout: 30_000 });
    await expect(page.getByRole("row", { name: /^total_amount/ })).toContainText("0.00 %");
    await expect(page.getByRole("row", { name: /^payment_type/ })).toContainText("100.00 %");
    await expect(page.getByRole("group", { name: "Rows that would change" })).toContainText("Changed");
    await picture(page, "impact");
    await expectAccessible(page);
    // The question before the save says it too.
    await page.getByRole("button", { name: "Save…" }).click();
    await expect(page.getByRole("dialog", { name: "Save this SQL" })).toContainText("changed");
});

test("a draft survives a reload, is not live, and can be discarded", async ({ page }) => {
    const { sql } = await savedElsewhere(page, SQL, "as before");
    await desk(page);
    await write(page, `${sql}-- not finished`);
    await expect(page.getByText("Your draft is kept; it is not live")).toBeVisible();
    await desk(page);
    expect(await text(page)).toBe(`${sql}-- not finished`);
    expect((await current(page)).sql).toBe(sql);
    await page.getByRole("button", { name: "Discard draft" }).click();
    await page.getByRole("button", { name: "Discard", exact: true }).click();
    await expect.poll(() => text(page)).toBe(sql);
    await expect(page.locator(".desk-kept")).toHaveText("");
    await desk(page);
    expect(await text(page)).toBe(sql);
});

test("d20 two saves at once are put together and nothing is lost", async ({ page }) => {
    await savedElsewhere(page, SQL, "as before");
    await desk(page);
    await write(page, SQL.replace("sum(total_amount)", "round(sum(total_amount), 2)"));
    await expect(page.getByRole("status", { name: "Problems" })).toContainText("No problems");
    const theirs = SQL.replace("coalesce(vendorid, -1)", "coalesce(vendorid, 0)");
    const { version } = await savedElsewhere(page, theirs, "Vendor 0 when unknown");
    await submit(page, "Round the totals");
    const conflict = page.getByRole("region", { name: "Two edits of one version" });
    await expect(conflict).toContainText(`saved version ${version}`);
    await expect(conflict).toContainText("Both edits fit together");
    await expect(conflict.locator(".cm-mergeView, .cm-editor").first()).toBeVisible();
    await picture(page, "conflict");
    await expectAccessible(page);
    await conflict.getByRole("button", { name: "Take into the editor" }).click();
    const both = theirs.replace("sum(total_amount)", "round(sum(total_amount), 2)");
    expect(await text(page)).toBe(both);
    await save(page, "Round the totals", REASON);
    await expect(page.getByText(`Version ${version + 1} is saved and builds`)).toBeVisible();
    expect((await current(page)).sql).toBe(both);
});

test("d20 edits of the same line are decided by a person", async ({ page }) => {
    await savedElsewhere(page, SQL, "as before");
    await desk(page);
    await write(page, SQL.replace("coalesce(vendorid, -1)", "coalesce(vendorid, 7)"));
    await expect(page.getByRole("status", { name: "Problems" })).toContainText("No problems");
    await savedElsewhere(page, SQL.replace("coalesce(vendorid, -1)", "coalesce(vendorid, 8)"), "Vendor 8");
    await submit(page, "Vendor 7");
    const conflict = page.getByRole("region", { name: "Two edits of one version" });
    const take = conflict.getByRole("button", { name: "Take into the editor" });
    await expect(conflict).toContainText("One place is still to be decided");
    await expect(take).toBeDisabled();
    await conflict.getByRole("radio", { name: "Yours", exact: true }).check();
    await take.click();
    expect(await text(page)).toBe(SQL.replace("coalesce(vendorid, -1)", "coalesce(vendorid, 7)"));
});

test("any two versions are compared, and an earlier one is restored", async ({ page }) => {
    const first = await savedElsewhere(page, SQL, "the good one");
    await savedElsewhere(page, SQL.replace("sum(total_amount)", "max(total_amount)"), "a mistake");
    await desk(page, "history");
    const diff = page.locator("sql-diff");
    await expect(diff.locator(".cm-changedText").first()).toBeVisible();
    await expectAccessible(page);
    await page.getByRole("button", { name: `Restore version ${first.version}` }).click();
    await page.getByLabel("Why", { exact: true }).fill("Back to sums");
    await page.getByRole("button", { name: "Restore", exact: true }).click();
    await page.getByLabel("Restore although tests fail, because").fill(REASON);
    await page.getByRole("button", { name: "Restore", exact: true }).click();
    await expect(page.getByText(`Version ${first.version + 2} is saved and builds`)).toBeVisible();
    await expect.poll(() => text(page)).toBe(SQL);
    expect(await current(page)).toMatchObject({ message: "Back to sums", sql: SQL });
});

test("lineage of total_amount leads from the raw column to the purpose-built one", async ({ page }) => {
    await savedElsewhere(page, SQL, "as before");
    await open(page, `${lake.url}/dev/lineage`);
    await page.getByRole("link", { name: /^yellow_taxi_trip_record.*datablog_arg/ }).click();
    await page.getByRole("group", { name: "Graph of tables" }).getByRole("link", { name: /^total_amount/ }).click();
    const words = page.getByRole("region", { name: "In words" });
    await expect(words).toContainText("Upstream");
    await expect(words.getByRole("listitem").filter({ hasText: "datalake_raw_source.yellow_taxi_trip_record" }).first()).toContainText("aggregated");
    await expect(words.getByRole("listitem").filter({ hasText: "raw:tlc_taxi_data" }).first()).toContainText("total_amount");
    await expect(words).toContainText("rows are grouped by it");
    await expect(page.locator("#lineage-focus")).toBeFocused();
    await picture(page, "lineage");
    await expectAccessible(page);
    await page.setViewportSize({ width: 390, height: 844 });
    await expectNoSidewaysScroll(page);
});

test("an earlier version's lineage is shown, and that it is not the one that runs", async ({ browser, page }) => {
    const first = await savedElsewhere(page, SQL, "sums of all");
    const second = await savedElsewhere(page, SQL.replace("sum(total_amount)", "sum(fare_amount)"), "fares alone");
    await desk(page, "history");
    await page.getByRole("link", { name: `Lineage of version ${first.version}`, exact: true }).click();
    const earlier = page.getByRole("region", { name: "Earlier version" });
    await expect(earlier).toContainText(`Version ${first.version} of`);
    await expect(earlier).toContainText("not the one that runs");
    await expect(earlier).toContainText("“sums of all”");
    await page.getByRole("group", { name: "Graph of tables" }).getByRole("link", { name: /^total_amount bigint|^total_amount double/ }).last().click();
    const words = page.getByRole("region", { name: "In words" });
    await expect(words).toContainText("Computed as sum(total_amount)");
    await picture(page, "lineage-earlier");
    await expectAccessible(page);
    await words.getByRole("combobox", { name: "Version of its SQL" }).selectOption(String(second.version));
    await words.getByRole("button", { name: "Show" }).click();
    await expect(words).toContainText("Computed as sum(fare_amount)");
    await expect(earlier).toHaveCount(0);
    await page.goBack();
    await earlier.getByRole("link", { name: `Show version ${second.version}, which runs` }).click();
    await expect(words).toContainText("Computed as sum(fare_amount)");
    await page.setViewportSize({ width: 390, height: 844 });
    await page.goBack();
    await expect(earlier).toBeVisible();
    await expectNoSidewaysScroll(page);

    const context = await browser.newContext({ javaScriptEnabled: false, storageState: await page.context().storageState() });
    const plain = await context.newPage();
    await plain.goto(`${lake.url}/dev/lineage?focus=datablog_arg.yellow_taxi_trip_record.total_amount`);
    await plain.getByRole("combobox", { name: "Version of its SQL" }).selectOption(String(first.version));
    await plain.getByRole("button", { name: "Show" }).click();
    await expect(plain.getByRole("region", { name: "Earlier version" })).toContainText(`Version ${first.version} of`);
    await expect(plain.getByRole("region", { name: "In words" })).toContainText("Computed as sum(total_amount)");
    await context.close();
});

test("the list tells the last run and the tests, and leads to both", async ({ page }) => {
    await savedElsewhere(page, SQL, "as before");
    await open(page, `${lake.url}/dev/transformations`);
    const row = page.getByRole("row").filter({ hasText: DATASET });
    await expect(row.getByRole("link", { name: "Succeeded" })).toHaveAttribute("href", /\/dev\/runs\//);
    await expect(row).toContainText(/with version \d/);
    await picture(page, "transformations-list");
    await row.getByRole("link", { name: /fail|pass/ }).click();
    await expect(page).toHaveURL(/tab=tests/);
});

test("what dropping a column breaks is told before it is saved", async ({ page }) => {
    await savedElsewhere(page, SQL, "as before");
    const query = { name: "Tips of the day", sql: "select sum(total_amount) as t from datalake_raw_source.yellow_taxi_trip_record" };
    const built = { name: "Rows of the day", sql: "select sum(count) as n from datablog_arg.yellow_taxi_trip_record" };
    for (const data of [query, built]) {
        await page.request.post(`${lake.url}/api/v1/environments/dev/saved-queries`, { data, headers: { origin: lake.url } });
    }
    await open(page, `${lake.url}/dev/sources/new?dataset=${DATASET}`);
    const told = page.getByRole("status", { name: "What this would break" });
    await expect(told).toHaveText("");
    await page.getByRole("button", { name: "Leave out the column of total_amount" }).click();
    await expect(told.getByRole("link", { name: DATASET })).toBeVisible();
    await expect(told).toContainText("would not run");
    await expect(told.getByRole("listitem").filter({ hasText: "Tips of the day" })).toContainText("would not run over datalake_raw_source");
    const through = told.getByRole("listitem").filter({ hasText: "Rows of the day" });
    await expect(through).toContainText(`would get no new rows: datablog_arg.yellow_taxi_trip_record is not built any more`);
    await expectAccessible(page);
    await picture(page, "breaks");
    await page.getByRole("combobox", { name: "Type of VendorID" }).selectOption("string");
    await expect(told).toContainText("would not run");
    await open(page, `${lake.url}/dev/sources/new?dataset=${DATASET}`);
    await page.getByRole("combobox", { name: "Type of store_and_fwd_flag" }).selectOption("boolean");
    await expect(told).toContainText("Nothing breaks");
});

test("with 1,000 tables to complete from, a key takes less than 50 ms", async ({ page }) => {
    await desk(page);
    await page.locator("sql-editor .cm-content").click();
    await page.evaluate(() => {
        const columns = Array.from({ length: 20 }, (_, at) => ({ name: `column_${at}`, type: "double" }));
        const tables = Array.from({ length: 1000 }, (_, at) => ({ name: `table_${at}`, zone: "conformed", columns }));
        const editor = document.querySelector("sql-editor");
        editor.catalog = { databases: [{ name: "lake", tables }], partition_keys: ["year", "month", "day"], functions: [] };
        window.keys = [];
        // From the key to the frame after everything that it set off.
        editor.addEventListener("keydown", () => {
            const begin = performance.now();
            requestAnimationFrame(() => setTimeout(() => window.keys.push(performance.now() - begin)));
        }, { capture: true });
    });
    await page.keyboard.press("Control+a");
    await page.keyboard.press("Delete");
    await page.keyboard.type("select t.column_1 from table_99 as t where t.column_2 > 1", { delay: 60 });
    await page.keyboard.press("Escape");
    const keys = (await page.evaluate(() => window.keys)).sort((a, b) => a - b);
    const [median, late] = [0.5, 0.95].map((share) => keys[Math.floor(keys.length * share)]);
    console.log(`a key takes ${median.toFixed(1)} ms in the middle, ${late.toFixed(1)} ms at the 95th percentile of ${keys.length}`);
    expect(median).toBeLessThan(50);
    await page.getByRole("button", { name: "Discard draft" }).click();
    await page.getByRole("button", { name: "Discard", exact: true }).click();
    await expect(page.locator(".desk-kept")).toHaveText("");
});

test("without JavaScript the SQL and its history can be read", async ({ browser, page }) => {
    const state = await page.context().storageState();
    const context = await browser.newContext({ javaScriptEnabled: false, storageState: state });
    const plain = await context.newPage();
    await plain.goto(`${lake.url}/dev/transformations/${DATASET}?tab=history`);
    await expect(plain.locator("sql-editor textarea")).toHaveValue((await current(page)).sql);
    await expect(plain.getByRole("group", { name: "Versions" })).toContainText("approved by local");
    await context.close();
});
