// Quality rules: a rule is written, tried on real rows and saved; a bad file is kept from readers with
// its failing rows told; the loosened rule lets the same run go on.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
    alive, card, expect, expectAccessible, expectNoSidewaysScroll, expectStatus, open, picture, signIn, test,
} from "./console.mjs";
import { Lake } from "./lake.mjs";
import { uploadInput } from "./uploads.mjs";

const DATASET = "tlc_taxi_data/yellow_taxi_trip_record";
const TABLE = "datalake_raw_source/yellow_taxi_trip_record";
const NAME = "datalake_raw_source.yellow_taxi_trip_record";

const lake = new Lake();
test.beforeAll(async () => {
    lake.run("demo", "--no-serve", "--rows", "2000");
    await lake.serve();
});
test.afterAll(async () => lake.stop());
test.beforeEach(async ({ page }) => signIn(page, lake));

/** Trips of which one costs 987,654 dollars. */
function badTrips() {
    const path = join(lake.folder, "bad_trips.csv");
    lake.run("generate-trips", "--kind", "yellow", "--rows", "50", "--out", path);
    const lines = readFileSync(path, "utf8").trimEnd().split("\n");
    const at = lines[0].split(",").indexOf("total_amount");
    const cells = lines[7].split(",");
    cells[at] = "987654";
    lines[7] = cells.join(",");
    writeFileSync(path, lines.join("\n") + "\n");
    return path;
}

/** Rows of the table, as a reader counts them. */
const rows = () => Number(lake.run("query", `SELECT count(*) AS n FROM ${NAME}`, "--output", "csv").trim().split("\n")[1]);

const dialog = (page, name) => page.getByRole("dialog", { name });

test("a broken rule keeps a bad file from readers, and the loosened one lets it pass", async ({ page }) => {
    test.setTimeout(180_000);
    const before = rows();

    await test.step("the list knows the table, and that it has no rules", async () => {
        await open(page, `${lake.url}/dev/quality`);
        await expect(page.getByRole("row", { name: new RegExp(NAME) })).toContainText("No rules");
        await page.getByRole("link", { name: NAME }).click();
        await alive(page);
        await expect(page.getByText("No rule holds for this table yet")).toBeVisible();
    });

    await test.step("a rule is tried on real rows before it is saved", async () => {
        await page.getByRole("button", { name: "Add a rule" }).click();
        const form = dialog(page, "Add a rule");
        await form.getByLabel("Kind").selectOption("Range");
        await form.getByRole("button", { name: "Save" }).click();
        await expect(form.getByText("name a column")).toBeVisible();
        await form.getByLabel("Column").selectOption("total_amount");
        await form.getByLabel("At most").fill("20");
        await form.getByRole("button", { name: "Try on real rows" }).click();
        await expect(form.getByText(/of 1,9\d\d rows fail/)).toBeVisible();
        await expect(form.getByRole("group", { name: /Failing rows/ }).getByRole("row")).toHaveCount(21);
        await form.getByLabel("At most").fill("100,000");
        await form.getByRole("button", { name: "Try on real rows" }).click();
        await expect(form.getByText('"100,000" is not a number, as 12.50')).toBeVisible();
        await form.getByLabel("At most").fill("100000");
        await form.getByRole("button", { name: "Try on real rows" }).click();
        await expect(form.getByText("Passed")).toBeVisible();
        await form.getByLabel("Name").fill("plausible amount");
        await expectAccessible(page);
        await picture(page, "quality-rule");
        await form.getByRole("button", { name: "Save" }).click();
        await expect(page.getByText("The next run checks plausible amount")).toBeVisible();
        const row = page.getByRole("row", { name: /plausible amount/ });
        await expect(row).toContainText("total_amount is at most 100000");
        await expect(row).toContainText("Blocks");
        await expect(row).toContainText("Not checked yet");
    });

    let run;
    await test.step("the bad file fails its run, with the failing row told", async () => {
        await open(page, `${lake.url}/dev/sources/${DATASET}`);
        await uploadInput(page).setInputFiles(badTrips());
        await page.getByRole("link", { name: "See its run" }).click();
        await expectStatus(page, "Failed");
        run = page.url();
        const told = card(page, `Quality of ${NAME}`);
        await expect(told).toContainText("1 of 50 rows fail");
        await expect(told).toContainText("readers still see it as it was");
        await expect(told.getByRole("group", { name: /Failing rows/ })).toContainText("987654");
        await expect(page.getByRole("region", { name: "Why it failed" })).toContainText("plausible amount (1 of 50 rows fail)");
        await picture(page, "quality-run");
        await expectAccessible(page);
    });

    await test.step("readers have the old data, and the overview says what is wrong", async () => {
        expect(rows()).toBe(before);
        await open(page, `${lake.url}/dev`);
        await expect(card(page, "What quality rules say")).toContainText("plausible amount");
        await card(page, "What quality rules say").getByRole("link", { name: NAME }).click();
        await alive(page);
        await expect(page.getByRole("row", { name: /plausible amount/ })).toContainText("1 of 50 rows fail");
    });

    await test.step("the table's page in the catalog says it too", async () => {
        await page.getByRole("link", { name: "Table", exact: true }).click();
        await alive(page);
        await page.getByRole("navigation", { name: "About this table" }).getByRole("link", { name: "Quality" }).click();
        await expect(page.getByRole("row", { name: /plausible amount/ })).toContainText("1 of 50 rows fail");
        await expectAccessible(page);
    });

    await test.step("the rule is loosened to a warning, and the run goes on", async () => {
        await page.getByRole("button", { name: "Change plausible amount" }).click();
        const form = dialog(page, "Change plausible amount");
        await expect(form.getByLabel("At most")).toHaveValue("100000");
        await form.getByRole("radio", { name: /^Warn/ }).check();
        await form.getByRole("button", { name: "Save" }).click();
        await expect(page.getByText("The next run checks plausible amount")).toBeVisible();
        await open(page, run);
        await page.getByRole("button", { name: "Retry" }).click();
        await dialog(page, "Go on with this run?").getByRole("button", { name: "Retry" }).click();
        await expectStatus(page, "Succeeded");
        await expect(card(page, `Quality of ${NAME}`)).toContainText("the broken rules only warn");
        await expect(page.getByText(/quality rules warn: plausible amount/).first()).toBeVisible();
        expect(rows()).toBe(before + 50);
    });
});

test("a rule of every kind can be written, checked and removed", async ({ page }) => {
    test.setTimeout(120_000);
    await open(page, `${lake.url}/dev/quality/datablog_arg/yellow_taxi_trip_record`);
    const add = async (kind, fill) => {
        await page.getByRole("button", { name: "Add a rule" }).click();
        const form = dialog(page, "Add a rule");
        await form.getByLabel("Kind").selectOption(kind);
        await fill(form);
        await form.getByRole("button", { name: "Save" }).click();
        await expect(form).toBeHidden();
    };
    await add("Not NULL", (form) => form.getByLabel("Column").selectOption("vendorid"));
    await add("Unique", async (form) => {
        await form.getByRole("checkbox", { name: "pulocationid" }).check();
        await form.getByRole("checkbox", { name: "dolocationid" }).check();
    });
    await add("Accepted values", async (form) => {
        await form.getByLabel("Column").selectOption("payment_type");
        await form.getByLabel("Values").fill("1\n2\n3\n4\n5");
    });
    await add("Row count against history", (form) => form.getByLabel("At most per cent").fill("300"));
    await add("Freshness", (form) => form.getByLabel("At most hours old").fill("48"));
    await add("SQL", async (form) => {
        await form.getByRole("textbox", { name: "SELECT" }).fill("SELECT count FROM datablog_arg.yellow_taxi_trip_record WHERE count < 1");
        await form.getByText("Otherwise in some environments").click();
        await form.getByLabel("In dev").selectOption("Warn");
    });
    await page.getByRole("button", { name: "Change the columns of failing rows" }).click();
    const keys = dialog(page, "What failing rows are shown with");
    await keys.getByRole("checkbox", { name: "pulocationid" }).check();
    await expectAccessible(page);
    await keys.getByRole("button", { name: "Save" }).click();
    await expect(page.getByText("Failing rows are shown with pulocationid.")).toBeVisible();
    const table = page.getByRole("region", { name: "Rules" });
    await expect(table.getByRole("row")).toHaveCount(7);
    await expect(table.getByRole("row", { name: /no failing rows/ })).toContainText("warns in dev");
    await page.getByRole("button", { name: "Check real rows now" }).click();
    const told = card(page, "What the rules say about the rows that are there");
    await expect(told.getByRole("listitem")).toHaveCount(6);
    await expect(told.getByText("Failed", { exact: true })).toHaveCount(1);
    await picture(page, "quality");
    await page.getByRole("button", { name: "Remove pulocationid, dolocationid unique" }).click();
    await dialog(page, "Remove pulocationid, dolocationid unique?").getByRole("button", { name: "Remove" }).click();
    await expect(table.getByRole("row")).toHaveCount(6);
});

for (const path of ["/dev/quality", `/dev/quality/${TABLE}`, `/dev/catalog/${TABLE}?show=quality`]) {
    test(`${path} is accessible, light and dark, on a phone and on a wide screen`, async ({ page }) => {
        await open(page, lake.url + path);
        await expectAccessible(page);
        await page.emulateMedia({ colorScheme: "dark", reducedMotion: "reduce" });
        await expectAccessible(page);
        await page.setViewportSize({ width: 390, height: 844 });
        await expectNoSidewaysScroll(page);
        await expectAccessible(page);
        await page.setViewportSize({ width: 1920, height: 1080 });
        await expectNoSidewaysScroll(page);
    });
}
