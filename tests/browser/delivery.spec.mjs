// The delivery flow as people live it: a push runs before the reader's eyes, its release is promoted
// to prod, who asked for that cannot approve it, a second person can; a no; and the way back.
import { alive, expect, expectAccessible, expectNoSidewaysScroll, open, signIn, test, watch } from "./console.mjs";
import { Lake } from "./lake.mjs";
import { LAKE, Repository } from "./repository.mjs";

const SQL = "transformations/shop/orders.sql";

const lake = new Lake();
let repository;
test.beforeAll(async () => {
    await lake.serve();
    repository = new Repository(lake);
});
test.afterAll(async () => {
    repository.remove();
    await lake.stop();
});

const lane = (page, name) => page.getByRole("list", { name: "Environments" }).getByRole("listitem")
    .filter({ has: page.getByRole("heading", { name, exact: true }) });

/** Waits until the page of an execution says by itself that it stands so. */
const expectExecution = (page, status) =>
    expect(page.getByText(new RegExp(`^Execution ${status}`))).toBeAttached({ timeout: 60_000 });

/** The SQL with one more line; pushed by somebody who is not signed in. */
function push(author, message) {
    repository.push(author, message, { [SQL]: `${LAKE[SQL].trimEnd()} -- ${message}\n` });
}

/** Promotes what runs in the environment before, and ends on the page of the execution. */
async function promote(page, name) {
    await open(page, `${lake.url}/dev/pipelines`);
    await lane(page, name).getByRole("button", { name: `Promote to ${name}` }).click();
    const dialog = page.getByRole("dialog", { name: `Promote to ${name}?` });
    await expect(dialog).toContainText("it is not built again");
    await dialog.getByRole("button", { name: "Promote", exact: true }).click();
    await expect(page).toHaveURL(new RegExp(`/${name}/pipelines/[0-9a-f-]{36}$`));
}

/** A second person, in a browser of their own. */
async function second(browser) {
    const context = await browser.newContext();
    const page = await context.newPage();
    const complaints = watch(page);
    const told = lake.run("sign-in-link", "--public-url", lake.url, "--login", "anna", "--role", "approver");
    await signIn(page, { link: told.match(/https?:\S+/)[0] });
    const end = async () => {
        expect(complaints, "the browser of the second person complained").toEqual([]);
        await context.close();
    };
    return { page, end };
}

/** Opens the plan that waits in an environment, as a reader does: by the page of approvals. */
async function review(page, name) {
    await open(page, `${lake.url}/dev/approvals`);
    await page.getByRole("link", { name: `Review the plan for ${name}` }).click();
    await expect(page.getByRole("heading", { level: 1, name: `Plan for ${name}` })).toBeVisible();
    await alive(page);
}

const approve = (page) => page.getByRole("button", { name: "Approve", exact: true });

/** Approves what waits in an environment and sees it through. */
async function approveIn(page, name) {
    await review(page, name);
    await approve(page).click();
    await expect(page.getByText("Approved: your decision is recorded")).toBeVisible();
    await page.getByRole("navigation", { name: "Above this page" }).getByRole("link", { name: "Execution" }).click();
    await expectExecution(page, "succeeded");
}

test("a push, promotions, an approval by a second person, a no, and a rollback", async ({ page, browser }) => {
    test.setTimeout(420_000);
    await signIn(page, lake);
    const anna = await second(browser);

    await test.step("a push appears on the open page, and waits because roles are made", async () => {
        await open(page, `${lake.url}/dev/pipelines`);
        await expect(page.getByText("This lake delivers nowhere yet")).toBeVisible();
        await page.evaluate(() => (window.neverReloaded = true));
        repository.push("ada", "Register orders", LAKE);
        await expect(lane(page, "dev").getByText("Waits for approval")).toBeVisible({ timeout: 60_000 });
        expect(await page.evaluate(() => window.neverReloaded)).toBe(true);
        await expectAccessible(page);
    });

    await test.step("the plan says everything in one place", async () => {
        await review(page, "dev");
        await expect(page.getByRole("heading", { name: "Look twice" })).toBeVisible();
        await expect(page.getByText(/DevShopEtlRoles: \d+ wider/)).toBeVisible();
        await expect(page.getByRole("region", { name: "Resources of DevShopEtlStorage" })).toContainText("AWS::S3::Bucket");
        await expect(page.locator("#transformations")).toContainText("shop/orders");
        await expectAccessible(page);
        await page.setViewportSize({ width: 390, height: 844 });
        await expectNoSidewaysScroll(page);
        await page.setViewportSize({ width: 1280, height: 720 });
        await approveIn(page, "dev");
        await expectAccessible(page);
    });

    await test.step("c3_c11_ the same release moves to test and prod, and who asked cannot approve it", async () => {
        await promote(page, "test");
        await expectExecution(page, "awaiting approval");
        await approveIn(anna.page, "test");
        await promote(page, "prod");
        await expectExecution(page, "awaiting approval");
        await review(page, "prod");
        await expect(page.getByText("you asked for this deployment: somebody else has to approve").first()).toBeVisible();
        await expect(approve(page)).toBeDisabled();
        await approveIn(anna.page, "prod");
        await open(page, `${lake.url}/prod`);
        await expect(lane(page, "prod")).toContainText("Register orders");
        const releases = await Promise.all(["dev", "test", "prod"].map((name) => lane(page, name).locator("[title]").nth(1).getAttribute("title")));
        expect(new Set(releases).size).toBe(1);
    });

    await test.step("a no needs a reason, and changes nothing", async () => {
        push("ada", "Count twice");
        await open(page, `${lake.url}/dev/pipelines`);
        const row = page.getByRole("row").filter({ hasText: "Count twice" });
        await expect(row).toContainText("Succeeded", { timeout: 60_000 });
        await promote(page, "test");
        await expectExecution(page, "succeeded");
        await promote(page, "prod");
        await expectExecution(page, "awaiting approval");
        await review(anna.page, "prod");
        const reject = anna.page.getByRole("button", { name: "Reject", exact: true });
        await expect(reject).toBeDisabled();
        await expect(anna.page.locator("#transformations")).toContainText("Count twice");
        await anna.page.getByLabel("Reason", { exact: true }).fill("orders would be counted twice");
        await reject.click();
        await expect(anna.page.locator("#decision")).toContainText("anna rejected it: orders would be counted twice");
        await expectExecution(page, "rejected");
        await open(page, `${lake.url}/prod`);
        await expect(lane(page, "prod").locator(".lane-summary")).toHaveText("Register orders");
        await expect(lane(page, "prod")).toContainText("Rejected");
    });

    await test.step("two environments are compared side by side", async () => {
        await open(page, `${lake.url}/prod/compare?with=dev`);
        await expect(page.locator("section").filter({ has: page.getByRole("heading", { name: "Transformations" }) })).toContainText("1 of 1 differ");
        await expectAccessible(page);
    });

    await test.step("test goes back to the earlier release, and promotion stops until it is let go on", async () => {
        await open(page, `${lake.url}/test/deployments`);
        await expect(page.getByText("approved by anna")).toBeVisible();
        await page.getByRole("button", { name: /^Roll back to release/ }).click();
        const dialog = page.getByRole("dialog", { name: /^Roll test back/ });
        await expect(dialog.getByRole("button", { name: "Make the plan" })).toBeDisabled();
        await dialog.getByLabel("Why (required)").fill("orders are counted twice");
        await dialog.getByRole("button", { name: "Make the plan" }).click();
        await expect(page).toHaveURL(/\/test\/pipelines\/[0-9a-f-]{36}$/);
        await expectExecution(page, "succeeded");
        await open(page, `${lake.url}/test/pipelines`);
        await expect(lane(page, "test").locator(".lane-summary")).toHaveText("Register orders");
        await expect(lane(page, "test")).toContainText("Promotion is stopped since a rollback by local");
        await expect(lane(page, "test").getByRole("button", { name: "Promote to test" })).toBeDisabled();
        await lane(page, "test").getByRole("button", { name: "Let promotion go on" }).click();
        await page.getByRole("dialog").getByRole("button", { name: "Let it go on" }).click();
        await expect(lane(page, "test").getByRole("button", { name: "Promote to test" })).toBeEnabled();
        await expectAccessible(page);
    });
    await anna.end();
});
