// The frame around every page: sign-in, navigation, palette, environments, light and dark.
import { alive, expect, expectAccessible, expectNoSidewaysScroll, signIn, test } from "./console.mjs";
import { Lake } from "./lake.mjs";

const lake = new Lake();
test.beforeAll(async () => {
    lake.run("demo", "--no-serve", "--rows", "2000");
    await lake.serve();
});
test.afterAll(async () => lake.stop());
test.beforeEach(async ({ page }, info) => {
    if (!info.title.startsWith("signed out")) {
        await signIn(page, lake);
    }
});

test("signed out: every page leads to sign-in and back", async ({ page }) => {
    await page.goto(`${lake.url}/dev/runs?status=FAILED`);
    await expect(page).toHaveURL(/\/sign-in\?next=/);
    await expectAccessible(page);
});

test("the palette goes anywhere by keyboard", async ({ page }) => {
    await alive(page);
    await page.keyboard.press("Control+k");
    await page.keyboard.type("quar");
    await page.keyboard.press("Enter");
    await expect(page).toHaveURL(/\/dev\/quarantine$/);
    await expect(page.getByRole("heading", { level: 1 })).toHaveText("Quarantine");
});

test("the environment switcher keeps the section", async ({ page }) => {
    await page.goto(`${lake.url}/dev/runs`);
    await page.getByLabel(/^Environment dev/).click();
    await page.getByRole("link", { name: "prod" }).click();
    await expect(page).toHaveURL(/\/prod\/runs$/);
    await expect(page.getByText("No file has arrived yet")).toBeVisible();
});

test("dark stays dark after a reload, from the first byte", async ({ page }) => {
    await alive(page);
    await page.getByLabel(/^Account of/).click();
    await page.getByRole("button", { name: "Light or dark" }).click();
    await expect(page.locator("html")).toHaveAttribute("data-theme", "dark");
    const html = await (await page.request.get(`${lake.url}/dev`)).text();
    expect(html).toContain('data-theme="dark"');
});

test("an address that leads nowhere says so", async ({ page }) => {
    const answer = await page.goto(`${lake.url}/dev/nothing/here/at/all`);
    expect(answer.status()).toBe(404);
    await expect(page.getByRole("heading", { level: 1 })).toHaveText("Not found");
    const unknown = await page.request.get(`${lake.url}/dev/sources/no_such/table`);
    expect(unknown.status()).toBe(404);
});

test("signing out ends the session", async ({ page }) => {
    await page.getByLabel(/^Account of/).click();
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.goto(`${lake.url}/dev/runs`);
    await expect(page).toHaveURL(/\/sign-in/);
});

const PAGES = [
    "/dev", "/dev/sources", "/dev/sources/new", "/dev/sources/tlc_taxi_data/green_taxi_record_data", "/dev/runs",
    "/dev/quarantine", "/dev/transformations", "/dev/transformations/tlc_taxi_data/yellow_taxi_trip_record",
    "/dev/lineage", "/dev/catalog", "/dev/catalog/datalake_raw_source/green_taxi_record_data", "/dev/query",
    "/settings/members", "/settings/tokens", "/settings/notifications", "/settings/retention", "/settings/audit",
    "/dev/pipelines", "/dev/approvals", "/dev/deployments", "/dev/compare",
    "/api", "/prod", "/prod/sources", "/prod/runs", "/prod/quarantine", "/prod/catalog",
];

for (const path of PAGES) {
    test(`${path} is accessible, light and dark, on a phone and on a wide screen`, async ({ page }) => {
        await page.goto(lake.url + path);
        await alive(page);
        await expect(page.locator(".skeleton")).toHaveCount(0);
        await expectAccessible(page);
        await page.emulateMedia({ colorScheme: "dark", reducedMotion: "reduce" });
        await expectAccessible(page);
        await page.setViewportSize({ width: 390, height: 844 });
        await expectNoSidewaysScroll(page);
        await page.setViewportSize({ width: 1920, height: 1080 });
        await expectNoSidewaysScroll(page);
    });
}
