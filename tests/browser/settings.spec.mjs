// What an admin does under Settings: tokens, roles, the audit log.
import { readFileSync } from "node:fs";
import { alive, card, expect, expectAccessible, open, signIn, test } from "./console.mjs";
import { Lake } from "./lake.mjs";

const lake = new Lake();
test.beforeAll(() => lake.serve());
test.afterAll(() => lake.stop());
test.beforeEach(({ page }) => signIn(page, lake));

/** Makes a token that may see the lake and nothing else, and returns its secret. */
async function makeToken(page, name) {
    await open(page, `${lake.url}/settings/tokens`);
    await page.getByLabel("Name").fill(name);
    await page.getByLabel("Ends after").selectOption("7 days");
    await page.getByRole("button", { name: "Make token" }).click();
    const told = card(page, "New token");
    await expect(told.getByText(`Token ${name} — copy it now: it is not shown again.`)).toBeVisible();
    return told.locator(".token-secret code").textContent();
}

test("a token works within its scopes until it is revoked", async ({ page, playwright }) => {
    const secret = await makeToken(page, "nightly");
    await expectAccessible(page);
    const script = await playwright.request.newContext({ extraHTTPHeaders: { Authorization: `Bearer ${secret}` } });
    const runs = `${lake.url}/api/v1/environments/dev/runs`;
    expect((await script.get(runs)).status()).toBe(200);
    expect((await script.get(`${lake.url}/api/v1/audit`)).status(), "not in its scopes").toBe(403);

    await page.reload();
    await alive(page);
    await expect(page.getByRole("main")).not.toContainText(secret);
    await page.getByRole("button", { name: "Revoke token nightly" }).click();
    await expect(page.getByText("Token nightly is revoked.")).toBeVisible();
    await expect(page.getByRole("button", { name: "Revoke token nightly" })).toHaveCount(0);
    const refused = await script.get(runs);
    expect(refused.status()).toBe(401);
    expect(refused.headers()["content-type"]).toContain("application/problem+json");
    await script.dispose();
});

test("the audit log has what was done, narrowed and exported", async ({ page }) => {
    const secret = await makeToken(page, "hourly");
    await open(page, `${lake.url}/settings/audit`);
    await page.getByLabel("What").selectOption("token.make");
    await page.getByRole("button", { name: "Filter" }).click();
    await expect(page).toHaveURL(/action=token\.make/);
    const changes = page.getByRole("table", { name: "Changes, newest first" });
    await expect(changes.getByRole("row").nth(1)).toContainText("hourly");
    await expect(changes).not.toContainText("session.start_by_link");
    await expect(changes).not.toContainText(secret);
    await alive(page);
    const download = page.waitForEvent("download");
    await page.getByRole("link", { name: "CSV" }).click();
    const csv = readFileSync(await (await download).path(), "utf8");
    expect(csv).toContain("token.make");
    expect(csv).toContain("hourly");
    expect(csv).not.toContain("session.start_by_link");
    expect(csv).not.toContain(secret);
});

test("a role is given and taken away", async ({ page }) => {
    await open(page, `${lake.url}/settings/members`);
    const me = page.getByRole("row", { name: /^local/ });
    await page.getByRole("button", { name: "Give local a role" }).click();
    const dialog = page.getByRole("dialog", { name: "Give local a role" });
    await dialog.getByLabel("Role").selectOption("viewer");
    await dialog.getByLabel("Environment").selectOption("prod");
    await dialog.getByRole("button", { name: "Give role" }).click();
    await expect(page.getByText("local is viewer in prod now.")).toBeVisible();
    await expect(me).toContainText("viewer in prod");
    await page.getByRole("button", { name: "Take the role viewer in prod away" }).click();
    await expect(page.getByText("local is no viewer any more.")).toBeVisible();
    await expect(me).not.toContainText("viewer in prod");
});

test("all sessions can be ended, this one included", async ({ page }) => {
    await open(page, `${lake.url}/settings/tokens`);
    await page.getByRole("button", { name: "Sign out everywhere" }).click();
    await page.goto(`${lake.url}/settings/members`);
    await expect(page).toHaveURL(/\/sign-in/);
});
