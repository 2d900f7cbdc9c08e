// What a person does with a new lake: register a source by a real file, upload it, watch it run,
// look at what was rejected, correct the source, replay, query.
import { readFileSync, writeFileSync } from "node:fs";
import {
    alive, card, expect, expectAccessible, expectStatus, figure, open, picture, signIn, test,
} from "./console.mjs";
import { Lake } from "./lake.mjs";
import { greenTrips, someTrips } from "./trips.mjs";
import { holdSecondPiece, uploadInput } from "./uploads.mjs";

const DATASET = "nyc_taxi/green_trips";
const SQL = `SELECT payment_type, count(*) AS trips, sum(total_amount) AS total, year, month, day
FROM "nyc_taxi"."green_trips" GROUP BY payment_type, year, month, day`;

const lake = new Lake();
test.beforeAll(() => lake.serve());
test.afterAll(() => lake.stop());
test.beforeEach(({ page }) => signIn(page, lake));

test("from an empty lake to both tables, past a quarantine", async ({ page }) => {
    test.setTimeout(240_000);
    const trips = greenTrips(lake);
    let rejected;

    await test.step("the empty lake says how to begin", async () => {
        await expect(page.getByText("Nothing has arrived in this lake yet.")).toBeVisible();
        await page.getByRole("link", { name: "Register a source" }).click();
        await alive(page);
        await expect(page.getByRole("heading", { level: 1, name: "Register a source" })).toBeVisible();
    });

    await test.step("the sample is proposed with examples and reasons", async () => {
        await page.getByLabel(/Drop a sample file/).setInputFiles(trips);
        const columns = page.getByRole("table", { name: "Columns to pin" });
        await expect(columns.getByRole("row")).toHaveCount(21, { timeout: 60_000 });
        const distance = columns.getByRole("row", { name: /trip_distance/ });
        await expect(distance).toContainText(/double: .*not all of them whole/);
        await expect(distance).toContainText("2.25");
        await expect(distance.getByRole("combobox", { name: "Type of trip_distance" })).toHaveValue("double");
        await expectAccessible(page);
    });

    await test.step("the reader corrects it, and the preview follows", async () => {
        const register = page.getByRole("button", { name: "Register", exact: true });
        await expect(register).toBeDisabled();
        await page.getByLabel("Dataset", { exact: true }).fill(DATASET);
        await page.getByLabel("Owner").fill("taxi-team");
        await page.getByLabel("Description", { exact: true }).fill("Trips of New York's green taxis.");
        await page.getByRole("radio", { name: /^A date column/ }).check();
        await page.getByRole("checkbox", { name: "Empty allowed of passenger_count" }).uncheck();
        await expect(page.getByText("A run of this file would fail:")).toBeVisible({ timeout: 60_000 });
        await page.getByLabel("At most rows").fill("50,000");
        await page.getByLabel("At most per cent").fill("60");
        await page.getByLabel("At most per cent").press("Tab");
        await expect(page.getByText("A run of this file would fail:")).toBeHidden({ timeout: 60_000 });
        await expect(page.getByRole("table", { name: "The first conformed rows" }).getByRole("row")).toHaveCount(101);
        const reasons = page.getByRole("table", { name: "The first rows that would be rejected" });
        await expect(reasons.getByRole("row").nth(1)).toContainText("passenger_count");
        rejected = await figure(page, "Would be rejected").textContent();
        await expectAccessible(page);
        await page.getByRole("heading", { name: "Correct" }).evaluate((heading) => heading.scrollIntoView());
        await picture(page, "register");
        await register.click();
        await expect(page).toHaveURL(`${lake.url}/dev/sources/${DATASET}`);
        await expect(page.getByText(`${DATASET} is registered, version 1`)).toBeVisible();
    });

    await test.step("the source page shows what was pinned", async () => {
        await expect(page.getByRole("heading", { level: 1, name: DATASET })).toBeVisible();
        await expect(page.getByText("taxi-team")).toBeVisible();
        await expect(page.getByText("No file arrived yet")).toBeVisible();
        lake.run("transformations", "set", DATASET, "--sql", SQL, "-m", "Trips by payment");
    });

    await test.step("the upload shows how far it is, and ends in a run", async () => {
        const release = await holdSecondPiece(page);
        await uploadInput(page).setInputFiles(trips);
        const progress = page.getByRole("progressbar", { name: /^Progress of green_tripdata/ });
        await expect(progress).toBeVisible();
        await expect.poll(() => progress.evaluate((bar) => bar.value)).toBeGreaterThan(1_000_000);
        await expect(progress).not.toHaveJSProperty("value", await progress.evaluate((bar) => bar.max));
        release();
        await expect(page.getByText("Landed", { exact: true }).first()).toBeVisible();
        await page.getByRole("link", { name: "See its run" }).click();
    });

    await test.step("the run goes on before the reader's eyes", async () => {
        await page.evaluate(() => (window.neverReloaded = true));
        await expect(page.getByRole("heading", { level: 3, name: "Conformed → purpose-built" })).toBeVisible();
        await expectStatus(page, "Succeeded");
        await expect(figure(page, "Rows rejected")).toHaveText(rejected);
        const number = async (name) => Number((await figure(page, name).textContent()).replaceAll(",", ""));
        expect(await number("Rows read")).toBe((await number("Rows written")) + (await number("Rows rejected")));
        await expect(card(page, "Exactly these versions")).toContainText("version 1");
        await expect(page.getByRole("region", { name: "Log" }).getByRole("row").nth(2)).toBeVisible();
        await expect(page.getByRole("button", { name: "Replay" })).toBeVisible();
        expect(await page.evaluate(() => window.neverReloaded)).toBe(true);
        await expectAccessible(page);
        await picture(page, "run");
    });

    await test.step("the quarantine shows why, and the text", async () => {
        await page.getByRole("link", { name: "Browse them" }).click();
        await expect(page.getByRole("heading", { level: 1, name: "Rejected rows" })).toBeVisible();
        const kinds = page.getByRole("navigation", { name: "Kinds of rejected rows" });
        await kinds.getByRole("link", { name: /Value missing/ }).click();
        await kinds.getByRole("link", { name: /passenger_count/ }).click();
        await expect(page).toHaveURL(/reason=missing_value&column=passenger_count/);
        const row = card(page, "Rows").getByRole("row").nth(1);
        await expect(row).toContainText("Value missing");
        await row.locator("summary").click();
        await expect(row.locator("pre")).toContainText(/,20\d\d-\d\d-\d\d /);
        await expect(row.locator("pre mark")).toHaveText("nothing");
        await expectAccessible(page);
        await picture(page, "quarantine");
    });

    await test.step("an edited source is tried, saved and replayed", async () => {
        await page.getByLabel("May be empty").check();
        await page.getByRole("button", { name: /^Test against/ }).click();
        await expect(page.getByText(/^([\d,]+) of \1 rows would pass now$/)).toBeVisible({ timeout: 60_000 });
        await picture(page, "trial");
        await page.getByRole("button", { name: "Save as version 2 and replay…" }).click();
        await page.getByRole("dialog").getByRole("button", { name: "Save and replay" }).click();
        await expect(page).toHaveURL(/\/dev\/runs\/[0-9a-f-]{36}$/);
        await expectStatus(page, "Succeeded");
        await expect(figure(page, "Rows rejected")).toHaveText("0");
        await expect(card(page, "Exactly these versions")).toContainText("version 2");
    });

    await test.step("both tables answer", async () => {
        const read = Number((await figure(page, "Rows read").textContent()).replaceAll(",", ""));
        const ask = (sql) => Object.values(JSON.parse(lake.run("--output", "json", "query", sql)).rows[0]);
        const tables = JSON.parse(lake.run("--output", "json", "catalog", "tables"));
        expect(JSON.stringify(tables)).toContain("green_trips");
        expect(ask(`SELECT count(*) AS n FROM "nyc_taxi"."green_trips"`)).toEqual([read]);
        expect(ask(`SELECT sum(trips) AS n FROM "nyc_taxi_purpose_built"."green_trips"`)).toEqual([read]);
        await open(page, `${lake.url}/dev/sources/${DATASET}`);
        await expect(figure(page, "Rows")).toHaveText(read.toLocaleString("en-US"));
        await picture(page, "source");
    });

    await test.step("the overview tells what failed and what waits", async () => {
        lake.drop(someTrips(lake, "2020-09-01.csv", 1200), DATASET);
        lake.drop(someTrips(lake, "2020-09-02.csv", 1350), DATASET);
        lake.drop(someTrips(lake, "zones.csv", 265), "nyc_taxi/zones");
        const other = someTrips(lake, "2020-09-03.csv", 900);
        writeFileSync(other, readFileSync(other, "utf8").replace("VendorID", "vendor"));
        lake.drop(other, DATASET);
        await open(page, `${lake.url}/dev`);
        const done = { timeout: 60_000 };
        await expect(card(page, "What failed").getByRole("link", { name: "2020-09-03.csv" })).toBeVisible(done);
        await expect(card(page, "What waits")).toContainText("nyc_taxi/zones is not registered", done);
        await expect(card(page, "Datasets")).toContainText("nyc_taxi/zones", done);
        await expect(card(page, "What waits")).toContainText("0 under way, 1 held", done);
        await picture(page, "overview");
        await page.emulateMedia({ colorScheme: "dark" });
        await picture(page, "overview-dark");
        await page.emulateMedia({ colorScheme: "light" });
        await page.getByRole("link", { name: "Runs", exact: true }).click();
        const runs = page.getByRole("region", { name: "Runs, newest first" });
        await expect(runs.getByRole("row")).toHaveCount(7);
        await picture(page, "runs");
    });
});
