// The query workbench: write, run, stop, sort and filter, chart, export, share, come back.
import { readFileSync } from "node:fs";
import { expect, expectAccessible, expectNoSidewaysScroll, open, picture, signIn, test } from "./console.mjs";
import { write } from "./editor.mjs";
import { Lake } from "./lake.mjs";

const DIGITS = "(values (0),(1),(2),(3),(4),(5),(6),(7),(8),(9))";
const N = "a.d + 10 * b.d + 100 * c.d + 1000 * d.d + 10000 * e.d";
/** 100,000 rows: a number, a text that is null now and then, a JSON text, a formula. */
const MANY = `select ${N} as n, case when a.d = 3 then null when a.d = 4 then '' else 'name ' || (${N}) end as name,
'{"n":' || (${N}) || ',"list":[1,2]}' as document, '=1+' || (${N}) as formula, (${N}) / 8.0 as amount
from ${DIGITS} a(d), ${DIGITS} b(d), ${DIGITS} c(d), ${DIGITS} d(d), ${DIGITS} e(d) order by n`;
const numbers = Array.from({ length: 1000 }, (_, n) => `(${n})`).join(",");
const HEAVY = `select sum(v0 + v1 + v2 + v3) from ${[0, 1, 2, 3].map((n) => `(values ${numbers}) as t${n}(v${n})`).join(" cross join ")}`;

const lake = new Lake();
test.beforeAll(() => lake.serve());
test.afterAll(() => lake.stop());
test.beforeEach(({ page }) => signIn(page, lake));

/** Writes a query, up to where the page knows of it. */
async function fill(page, sql) {
    await write(page, sql);
    await expect(page.locator("sql-editor")).toHaveJSProperty("value", sql);
    // The page hears of what is typed after a short pause; proposals would lie over its buttons.
    await page.waitForTimeout(300);
    await page.keyboard.press("Escape");
}

async function run(page, sql) {
    await fill(page, sql);
    await page.getByRole("button", { name: "Run", exact: true }).click();
}

const state = (page) => page.locator(".query-state .badge");
const cell = (page, row, column) => page.locator(`[data-row="${row}"] [aria-colindex="${column}"]`);

test("a result of 100,000 rows is run, arranged, looked into, charted and taken away", async ({ page, context }) => {
    test.setTimeout(180_000);
    await open(page, `${lake.url}/dev/query`);
    await run(page, MANY);
    await expect(state(page)).toHaveText("Succeeded", { timeout: 60_000 });
    await expect(page.locator(".query-state")).toContainText("100,000 rows");
    const grid = page.getByRole("grid", { name: "Rows of the result" });
    await expect(grid).toHaveAttribute("aria-rowcount", "100001");

    await test.step("no value is not an empty text", async () => {
        await expect(cell(page, 3, 2)).toHaveText("NULL");
        await expect(cell(page, 4, 2)).toHaveText("");
    });
    await test.step("keys go anywhere, and few rows are in the document", async () => {
        await cell(page, 0, 1).click();
        await page.keyboard.press("Control+End");
        await expect(cell(page, 99_999, 1)).toHaveText("99999");
        expect(await page.locator("[data-row]").count()).toBeLessThan(80);
        await page.keyboard.press("Control+Home");
        await expect(cell(page, 0, 1)).toHaveText("0");
    });
    await test.step("a column sorts and filters the whole result", async () => {
        const head = grid.getByRole("columnheader", { name: /^n .*bigint/ });
        await head.getByRole("button").click();
        await head.getByRole("button").click();
        await expect(head).toHaveAttribute("aria-sort", "descending");
        await expect(cell(page, 0, 1)).toHaveText("99999");
        await page.getByRole("searchbox", { name: "Filter name" }).fill("777");
        await expect(grid).not.toHaveAttribute("aria-rowcount", "100001");
        await expect(cell(page, 0, 2)).toHaveText("name 99777");
        await page.getByRole("searchbox", { name: "Filter name" }).fill("");
        await expect(grid).toHaveAttribute("aria-rowcount", "100001");
    });
    await test.step("a cell opens, with its JSON laid out, and copies with its header", async () => {
        await context.grantPermissions(["clipboard-read", "clipboard-write"]);
        await cell(page, 1, 3).click();
        await page.keyboard.press("Enter");
        await expect(page.getByRole("dialog")).toContainText('"n": 99998,');
        await page.keyboard.press("Escape");
        await cell(page, 0, 1).click();
        await page.keyboard.press("Shift+ArrowDown");
        await page.keyboard.press("Control+Shift+c");
        await expect(page.getByText("2 cells copied")).toBeVisible();
        expect(await page.evaluate(() => navigator.clipboard.readText())).toBe("n\n99999\n99998");
    });
    await expectAccessible(page);
    await expectNoSidewaysScroll(page);
    await picture(page, "query");

    await test.step("two clicks draw a chart", async () => {
        await page.getByRole("button", { name: "Chart", exact: true }).click();
        await page.getByRole("button", { name: "Line", exact: true }).click();
        await expect(page.getByRole("img", { name: /amount by .*points/ })).toBeVisible();
        await expect(page.getByText("From all 100,000 rows.")).toBeVisible();
        await expect(page.getByText("of 90,000 points are drawn: of each stretch its first, lowest, highest and last")).toBeVisible();
        await expectAccessible(page);
        await page.getByLabel("Along").selectOption("n");
        await page.getByLabel("Of rows at one place").selectOption("Average");
        await expect(page.getByRole("img", { name: /^Average of amount by n/ })).toBeVisible();
        await picture(page, "query-chart");
        await page.getByRole("button", { name: "Rows", exact: true }).click();
    });
    await test.step("the export has all rows and no formula", async () => {
        await page.locator(".query-export summary").click();
        const coming = page.waitForEvent("download");
        await page.getByRole("link", { name: "CSV" }).click();
        const lines = readFileSync(await (await coming).path(), "utf8").trimEnd().split("\r\n");
        expect(lines).toHaveLength(100_001);
        expect(lines[1]).toContain("'=1+0");
    });
    await test.step("what is shown is exported as it is shown", async () => {
        await page.getByRole("searchbox", { name: "Filter name" }).fill("name 9999");
        await expect(grid).not.toHaveAttribute("aria-rowcount", "100001");
        await page.getByRole("radio", { name: /^As shown: \d+ rows, sorted and filtered/ }).check();
        await expectAccessible(page);
        await picture(page, "query-export");
        const coming = page.waitForEvent("download");
        await page.getByRole("link", { name: "CSV" }).click();
        const lines = readFileSync(await (await coming).path(), "utf8").trimEnd().split("\r\n");
        expect(lines[1]).toMatch(/^99999,/);
        expect(lines.length).toBeLessThan(20);
    });
    await test.step("tabs and results are there again after a reload", async () => {
        await page.waitForTimeout(1_200);
        await page.reload();
        await expect(state(page)).toHaveText("Succeeded");
        await expect(cell(page, 0, 1)).toHaveText("0");
        await expect(page.locator("sql-editor")).toHaveJSProperty("value", MANY);
    });
});

test("a heavy query is stopped, and what is wrong is said", async ({ page }) => {
    await open(page, `${lake.url}/dev/query`);
    await page.getByRole("button", { name: "New query" }).click();
    await run(page, HEAVY);
    await expect(state(page)).toHaveText("Running");
    const begin = Date.now();
    await page.getByRole("button", { name: "Cancel", exact: true }).click();
    await expect(state(page)).toHaveText("Cancelled");
    expect(Date.now() - begin).toBeLessThan(2_000);
    await run(page, "select nothing from nowhere.at_all");
    await expect(state(page)).toHaveText("Failed");
    await expect(page.getByText('there is no database "nowhere"')).toBeVisible();
    await expectAccessible(page);
});

test("results are compared with last time, and a saved query is shared by its link", async ({ page, browser }) => {
    await open(page, `${lake.url}/dev/query`);
    await page.getByRole("button", { name: "New query" }).click();
    await run(page, "select k, v from (values ('a', 1), ('b', 2)) t(k, v)");
    await expect(state(page)).toHaveText("Succeeded");
    const first = await page.locator(".query-id").textContent();
    await page.getByRole("button", { name: "Run", exact: true }).click();
    await expect(page.locator(".query-id")).not.toHaveText(first);
    await expect(state(page)).toHaveText("Succeeded");
    await page.getByRole("button", { name: "Compare", exact: true }).click();
    await expect(page.getByText("Rows are told apart by k.")).toBeVisible();
    await expectAccessible(page);

    await page.getByRole("button", { name: "Save…" }).click();
    await page.getByLabel("Name", { exact: true }).fill("Two letters");
    await page.getByLabel("Everybody who may run queries here sees it").check();
    await page.getByRole("dialog").getByRole("button", { name: "Save", exact: true }).click();
    await expect(page.getByText("Two letters is saved")).toBeVisible();
    const saved = await page.evaluate(async () => (await (await fetch("/api/v1/environments/dev/saved-queries")).json())[0]);
    expect(saved.is_shared).toBe(true);

    const other = await (await browser.newContext()).newPage();
    await signIn(other, lake);
    await open(other, `${lake.url}/dev/query?saved=${saved.id}`);
    await expect(other.locator("sql-editor")).toHaveJSProperty("value", saved.sql);
    await other.context().close();
});

test("the page fits a narrow window", async ({ page }) => {
    await page.setViewportSize({ width: 390, height: 844 });
    await open(page, `${lake.url}/dev/query`);
    await expectNoSidewaysScroll(page);
    await expectAccessible(page);
});
