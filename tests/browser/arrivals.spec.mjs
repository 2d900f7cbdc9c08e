// Files on their way in: through the raw folder, and by uploads that are broken off.
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { alive, expect, expectStatus, figure, open, signIn, test } from "./console.mjs";
import { Lake } from "./lake.mjs";
import { someTrips } from "./trips.mjs";
import { holdSecondPiece, uploadInput } from "./uploads.mjs";

const DATASET = "nyc_taxi/green_trips";

const lake = new Lake();
test.beforeAll(async () => {
    lake.run("sources", "register", "--from", someTrips(lake, "sample.csv", 500), "--dataset", DATASET);
    await lake.serve();
});
test.afterAll(() => lake.stop());
test.beforeEach(({ page }) => signIn(page, lake));

test("a file dropped into the folder appears on the page by itself", async ({ page }) => {
    await open(page, `${lake.url}/dev/runs`);
    await page.evaluate(() => (window.neverReloaded = true));
    lake.drop(someTrips(lake, "dropped.csv", 500), DATASET);
    const row = page.getByRole("row", { name: /dropped\.csv/ });
    await expect(row).toContainText("Succeeded", { timeout: 45_000 });
    await expect(row).toContainText("500");
    expect(await page.evaluate(() => window.neverReloaded)).toBe(true);
});

test("a file of a dataset that nobody registered waits, and says so", async ({ page }) => {
    await open(page, `${lake.url}/dev`);
    lake.drop(someTrips(lake, "zones.csv", 10), "nyc_taxi/zones");
    await expect(page.getByText("nyc_taxi/zones is not registered")).toBeVisible({ timeout: 45_000 });
    await page.getByRole("link", { name: "Register this source" }).click();
    await expect(page.getByRole("heading", { level: 1, name: "Registration of nyc_taxi/zones" })).toBeVisible();
    await expect(page.getByRole("table", { name: "Columns to pin" }).getByRole("row")).toHaveCount(21);
});

/** Files of uploads that have not landed. */
const pieces = () => readdirSync(lake.folder, { recursive: true }).filter((name) => name.endsWith(".part"));

test("an aborted upload leaves nothing", async ({ page }) => {
    const path = someTrips(lake, "aborted.csv", 60_000);
    await open(page, `${lake.url}/dev/sources/${DATASET}`);
    const release = await holdSecondPiece(page);
    await uploadInput(page).setInputFiles(path);
    const progress = page.getByRole("progressbar", { name: "Progress of aborted.csv" });
    await expect.poll(() => progress.evaluate((bar) => bar.value)).toBeGreaterThan(1_000_000);
    expect(pieces(), "the upload under way").toHaveLength(1);
    const gone = page.waitForResponse((answer) => answer.request().method() === "DELETE");
    await page.getByRole("button", { name: "Abort aborted.csv" }).click();
    release();
    expect((await gone).ok()).toBe(true);
    await expect(page.getByText("Aborted", { exact: true })).toBeVisible();
    expect(existsSync(join(lake.folder, "dev", "raw", ...DATASET.split("/"), "aborted.csv"))).toBe(false);
    expect(pieces(), "pieces on the disk").toEqual([]);
});

test("an upload goes on after the page was loaded again", async ({ page }) => {
    const path = someTrips(lake, "resumed.csv", 60_000);
    await open(page, `${lake.url}/dev/sources/${DATASET}`);
    const release = await holdSecondPiece(page);
    await uploadInput(page).setInputFiles(path);
    const progress = page.getByRole("progressbar", { name: "Progress of resumed.csv" });
    await expect.poll(() => progress.evaluate((bar) => bar.value)).toBeGreaterThan(1_000_000);
    // Not before: a piece that is let go now could land the whole file.
    await page.reload();
    release();
    await alive(page);
    const offsets = [];
    page.on("request", (request) => {
        if (request.method() === "PATCH") offsets.push(Number(request.headers()["upload-offset"]));
    });
    await uploadInput(page).setInputFiles(path);
    await page.getByRole("link", { name: "See its run" }).click();
    expect(offsets[0], "nothing is sent twice").toBeGreaterThan(1_000_000);
    await expectStatus(page, "Succeeded");
    await expect(figure(page, "Rows read")).toHaveText("60,000");
});
