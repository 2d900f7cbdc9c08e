// The catalog: describe a table and a column, run again, and the words are still there; look at rows;
// a column that was added stands in the history with its difference.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
    alive, card, expect, expectAccessible, expectNoSidewaysScroll, figure, open, picture, signIn, test,
} from "./console.mjs";
import { Lake } from "./lake.mjs";

const DATASET = "tlc_taxi_data/green_taxi_record_data";
const TABLE = "datalake_raw_source/green_taxi_record_data";
const API = `/api/v1/environments/dev`;

const lake = new Lake();
test.beforeAll(async () => {
    lake.run("demo", "--no-serve", "--rows", "2000");
    await lake.serve();
});
test.afterAll(() => lake.stop());
test.beforeEach(({ page }) => signIn(page, lake));

/** Calls the API from the page, as its own scripts do. */
const call = (page, method, path, body) => page.evaluate(async ([method, path, body]) => {
    const headers = { "content-type": "application/json" };
    const answer = await fetch(path, { method, headers, body: body && JSON.stringify(body) });
    return { status: answer.status, json: await answer.json() };
}, [method, API + path, body]);

/** Registers one more column and drops a file that has it. */
async function addColumn(page, name) {
    const { versions } = (await call(page, "GET", `/sources/${DATASET}`)).json;
    const { source, version } = versions[0];
    source.columns.push({ name, source_name: name, type: "string", nullable: true });
    const saved = await call(page, "PUT", `/sources/${DATASET}`, { source, expected_version: version });
    expect(saved.status).toBe(200);
    const file = join(lake.folder, "grown.csv");
    lake.run("generate-trips", "--kind", "green", "--rows", "300", "--out", file);
    const lines = readFileSync(file, "utf8").trimEnd().split("\n");
    const grown = lines.map((line, at) => `${line.trimEnd()},${at === 0 ? name : "JFK"}`);
    writeFileSync(file, `${grown.join("\n")}\n`);
    lake.drop(file, DATASET);
}

const section = (page, name) => page.getByRole("navigation", { name: "About this table" }).getByRole("link", { name, exact: true });

test("descriptions survive a run, and the history tells of the column that it added", async ({ page }) => {
    test.setTimeout(120_000);
    await test.step("the list leads to the table", async () => {
        await page.getByRole("navigation", { name: "Sections" }).getByRole("link", { name: "Catalog" }).click();
        await expect(page.getByRole("heading", { level: 1, name: "Catalog" })).toBeVisible();
        await alive(page);
        await picture(page, "catalog");
        await page.getByLabel("Table, column or description").fill("lpep_pickup");
        await page.getByRole("button", { name: "Find" }).click();
        await expect(page).toHaveURL(/search=lpep_pickup/);
        await expect(page.getByText("found in lpep_pickup_datetime").first()).toBeVisible();
        await page.getByRole("table", { name: "Tables of datalake_raw_source" }).getByRole("link").first().click();
        await expect(page.getByRole("heading", { level: 1, name: TABLE.replace("/", ".") })).toBeVisible();
    });

    await test.step("the reader describes the table and a column", async () => {
        await alive(page);
        await expect(figure(page, "Rows")).toHaveText("1,994");
        await page.getByRole("button", { name: "Edit descriptions" }).click();
        await page.getByRole("textbox", { name: "The table" }).fill("Trips of New York's green taxis.\nOne row for each.");
        await page.getByRole("textbox", { name: /^tip_amount/ }).fill("Tip in dollars; cash tips are not in it");
        await expectAccessible(page);
        await page.getByRole("button", { name: "Save", exact: true }).click();
        await expect(page.getByText("Descriptions saved")).toBeVisible();
        const row = page.getByRole("row", { name: /^tip_amount/ });
        await expect(row).toContainText("cash tips are not in it");
        await expect(page.getByRole("main")).toContainText("Trips of New York's green taxis.");
    });

    await test.step("a run adds a column, and the words are still there", async () => {
        await addColumn(page, "airport");
        await expect(page.getByRole("row", { name: /^airport/ })).toBeVisible({ timeout: 60_000 });
        await page.reload();
        await expect(page.getByRole("row", { name: /^tip_amount/ })).toContainText("cash tips are not in it");
        await expect(page.getByRole("main")).toContainText("One row for each.");
        await alive(page);
        await page.evaluate(() => window.scrollTo(0, 0));
        await picture(page, "table");
    });

    await test.step("the history shows who changed what", async () => {
        await section(page, "History").click();
        const history = card(page, "History").last();
        await expect(history.getByRole("listitem").filter({ hasText: /^Version \d+ by a run/ })).toHaveCount(2);
        await expect(history).toContainText("airport added after: string");
        await expect(history).toContainText(/by local/);
        await expectAccessible(page);
        await page.getByRole("combobox", { name: "Compare" }).selectOption({ index: 2 });
        await page.getByRole("button", { name: "Show differences" }).click();
        const differences = page.getByRole("table", { name: "Columns of both points" });
        await expect(differences.getByRole("row", { name: /^airport/ })).toContainText("added");
        await expect(differences.getByRole("row", { name: /^tip_amount/ })).toContainText("another description");
        await alive(page);
        await expectAccessible(page);
        await picture(page, "schema-history");
    });
});

test("two people who describe at once lose nothing", async ({ page, browser }) => {
    const other = await (await browser.newContext()).newPage();
    await signIn(other, lake);
    await open(page, `${lake.url}/dev/catalog/${TABLE}`);
    await page.getByRole("button", { name: "Edit descriptions" }).click();
    await page.getByLabel(/^extra/).fill("mine");
    const { json } = await call(other, "GET", `/catalog/${TABLE}`);
    const theirs = { version: json.version, columns: { extra: "theirs", mta_tax: "theirs too" } };
    expect((await call(other, "PUT", `/catalog/${TABLE}`, theirs)).status).toBe(200);
    await page.getByRole("button", { name: "Save", exact: true }).click();
    await expect(page.getByText("Somebody changed this table meanwhile.")).toBeVisible();
    await expect(page.getByLabel(/^extra/)).toHaveValue("mine");
    await expect(page.getByLabel(/^mta_tax/)).toHaveValue("theirs too");
    await expect(page.getByText("Theirs: theirs")).toBeVisible();
    await expectAccessible(page);
    await page.getByRole("button", { name: "Save", exact: true }).click();
    await expect(page.getByRole("row", { name: /^extra/ })).toContainText("mine");
    await expect(page.getByRole("row", { name: /^mta_tax/ })).toContainText("theirs too");
    await other.context().close();
});

test("days and sample rows are a click away, and the SQL is on the clipboard", async ({ page, context }) => {
    await context.grantPermissions(["clipboard-read", "clipboard-write"]);
    await open(page, `${lake.url}/dev/catalog/${TABLE}`);
    await section(page, "Days").click();
    await expect(page.getByRole("img", { name: /rows on \d+ days?/ })).toBeVisible();
    const partitions = page.getByRole("table", { name: "Partitions, newest first" });
    await expectAccessible(page);
    const day = await partitions.getByRole("rowheader").first().textContent();
    await partitions.getByRole("link", { name: `Sample of ${day}` }).click();
    const rows = page.getByRole("table", { name: "Sample rows" });
    await expect(rows.getByRole("row").nth(1)).toContainText(day.slice(0, 4));
    await expect(card(page, "Sample rows").last()).toContainText(`rows of ${day}`);
    await expectAccessible(page);
    await page.getByText("SQL for this day").click();
    await page.getByRole("button", { name: "Copy SQL" }).last().click();
    await expect(page.getByText("Copied")).toBeVisible();
    const sql = await page.evaluate(() => navigator.clipboard.readText());
    expect(sql).toContain(`year = '${day.slice(0, 4)}'`);
    await page.goBack();
    await expect(partitions).toBeVisible();
});

test("every section fits a narrow and a wide window, light and dark", async ({ page }) => {
    for (const show of ["columns", "days", "sample", "history"]) {
        await page.setViewportSize({ width: 390, height: 844 });
        await page.emulateMedia({ colorScheme: "dark", reducedMotion: "reduce" });
        await open(page, `${lake.url}/dev/catalog/${TABLE}?show=${show}`);
        await expect(page.locator(".skeleton")).toHaveCount(0);
        await expectNoSidewaysScroll(page);
        await expectAccessible(page);
        await page.setViewportSize({ width: 1920, height: 1080 });
        await expectNoSidewaysScroll(page);
    }
});

test.describe("without JavaScript", () => {
    test.use({ javaScriptEnabled: false });

    test("the table's rows, days and history can be read", async ({ page }) => {
        const shown = { columns: "lpep_pickup_datetime", days: "Newest first", sample: "LIMIT 100", history: "First known with" };
        for (const [show, text] of Object.entries(shown)) {
            await page.goto(`${lake.url}/dev/catalog/${TABLE}?show=${show}`);
            await expect(page.getByRole("main"), show).toContainText(text);
            await expect(page.getByRole("status", { name: "Loading" })).toHaveCount(0);
        }
        await section(page, "Sample rows").click();
        await expect(page.getByRole("table", { name: "Sample rows" }).getByRole("row")).not.toHaveCount(0);
    });
});
