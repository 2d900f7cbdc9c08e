// A reader without JavaScript sees all data, can follow all links and can use the filters.
import { expect, signIn, test } from "./console.mjs";
import { Lake } from "./lake.mjs";

const GREEN = "tlc_taxi_data/green_taxi_record_data";
const YELLOW = "tlc_taxi_data/yellow_taxi_trip_record";

const lake = new Lake();
test.use({ javaScriptEnabled: false });
test.beforeAll(async () => {
    lake.run("demo", "--no-serve", "--rows", "2000");
    await lake.serve();
});
test.afterAll(() => lake.stop());
test.beforeEach(({ page }) => signIn(page, lake));

/** Each page, and texts of its data: names and figures, not headings. */
const PAGES = {
    "/dev": [GREEN, YELLOW, "1,994"],
    "/dev/sources": [GREEN, YELLOW, "1,994", "Succeeded"],
    [`/dev/sources/${GREEN}`]: ["lpep_pickup_datetime", "timestamp", "1,994", "green_taxi_record_data_2020-08.csv"],
    "/dev/runs": ["green_taxi_record_data_2020-08.csv", "yellow_taxi_trip_record_2020-08.csv", "2,000", "Succeeded"],
    "/dev/catalog": ["green_taxi_record_data", "datalake_raw_source", "purpose-built", "1,994"],
    "/dev/quarantine": [GREEN, YELLOW, "0.30 %"],
    "/settings/members": ["local", "admin"],
    "/settings/notifications": ["Delivered"],
    "/settings/retention": ["days"],
    "/settings/audit": ["session.start_by_link"],
    "/api": ["/api/v1/environments/{environment}/runs"],
};

for (const [path, texts] of Object.entries(PAGES)) {
    test(`${path} shows its data`, async ({ page }) => {
        const answer = await page.goto(lake.url + path);
        expect(answer.status()).toBe(200);
        const main = page.getByRole("main");
        await expect(main.getByRole("heading", { level: 1 })).toBeVisible();
        for (const text of texts) await expect(main, text).toContainText(text);
        await expect(page.getByRole("status", { name: "Loading" })).toHaveCount(0);
    });
}

test("the runs are filtered by the form, and lead on by links", async ({ page }) => {
    await page.getByRole("link", { name: "Runs", exact: true }).click();
    const runs = page.getByRole("region", { name: "Runs, newest first" });
    await expect(runs.getByRole("row")).toHaveCount(3);
    await page.getByRole("textbox", { name: "Dataset" }).fill(GREEN);
    await page.getByRole("checkbox", { name: "Succeeded" }).check();
    await page.getByRole("button", { name: "Show" }).click();
    await expect(page).toHaveURL(/dataset=tlc_taxi_data%2Fgreen_taxi_record_data/);
    await expect(runs.getByRole("row")).toHaveCount(2);
    await expect(page.getByRole("checkbox", { name: "Succeeded" })).toBeChecked();
    await runs.getByRole("link", { name: "green_taxi_record_data_2020-08.csv" }).click();
    await expect(page.getByRole("heading", { name: "Steps" })).toBeVisible();
    await expect(page.getByRole("main")).toContainText("the run succeeded");
    await page.getByRole("link", { name: "Browse them" }).click();
    await expect(page.getByRole("heading", { level: 1, name: "Rejected rows" })).toBeVisible();
    const kinds = page.getByRole("navigation", { name: "Kinds of rejected rows" });
    await kinds.getByRole("link").first().click();
    await expect(page).toHaveURL(/reason=/);
    await expect(page.getByRole("row").nth(1)).toContainText(/\d,/);
});

test("a filter that nothing fits says so", async ({ page }) => {
    await page.goto(`${lake.url}/dev/runs`);
    await page.getByRole("checkbox", { name: "Failed" }).check();
    await page.getByRole("button", { name: "Show" }).click();
    await expect(page.getByText("No run is like this")).toBeVisible();
    await page.getByRole("link", { name: "Show all runs" }).click();
    await expect(page.getByRole("link", { name: "green_taxi_record_data_2020-08.csv" })).toBeVisible();
});

test("the console can be left", async ({ page }) => {
    await page.getByLabel(/^Account of/).click();
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.goto(`${lake.url}/dev`);
    await expect(page).toHaveURL(/\/sign-in/);
});
