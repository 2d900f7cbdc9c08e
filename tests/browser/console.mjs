// What all browser tests share: a signed-in page that fails the test when the browser complains.
import AxeBuilder from "@axe-core/playwright";
import { expect, test as base } from "@playwright/test";
import { join } from "node:path";

/** Tests whose pages must stay without console errors, failed requests and policy violations. */
export const test = base.extend({
    page: async ({ page }, use) => {
        const complaints = watch(page);
        await page.addInitScript(() => {
            document.addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) => {
                console.error(`Refused by the policy: ${violatedDirective} ${blockedURI}`);
            });
        });
        await use(page);
        expect(complaints, "the browser complained").toEqual([]);
    },
});

export { expect };

// Answers that a test asks for, and what a page says of its WASM where JavaScript is off.
const EXPECTED = ["the server responded with a status of 4", "was preloaded using link preload but not used"];

/** Collects what the browser complains about. */
export function watch(page) {
    const complaints = [];
    page.on("console", (message) => {
        const expected = EXPECTED.some((text) => message.text().includes(text));
        if (["error", "warning"].includes(message.type()) && !expected) complaints.push(message.text());
    });
    page.on("pageerror", (error) => complaints.push(String(error)));
    return complaints;
}

/** Uses a one-time link of `lake`, its first one while that is unused, and ends on the overview. */
export async function signIn(page, lake) {
    const link = lake.link ?? lake.signInLink();
    lake.link = undefined;
    await page.goto(link);
    await page.getByRole("button", { name: /sign in/i }).click();
    await expect(page.getByRole("navigation", { name: "Sections" })).toBeVisible();
}

/** Goes to an address of the lake and waits until the page answers to clicks. */
export async function open(page, address) {
    const answer = await page.goto(address);
    await alive(page);
    return answer;
}

/** The figure that stands below the name `name`, for example `81,063`. */
export function figure(page, name) {
    const term = page.getByRole("term").filter({ hasText: new RegExp(`^${name}$`) });
    return term.first().locator("xpath=following-sibling::dd[1]");
}

/** The card with this heading. */
export function card(page, heading) {
    return page.locator("section").filter({ has: page.getByRole("heading", { name: heading, exact: true }) });
}

/** Waits until the page of a run says by itself that it has this status. */
export async function expectStatus(page, status) {
    await expect(page.getByText(`Run ${status}`, { exact: true })).toBeAttached({ timeout: 60_000 });
}

/** Waits until the page answers to clicks. */
export async function alive(page) {
    await page.waitForFunction(() => document.documentElement.dataset.alive === "true");
}

/** No serious or critical violation of WCAG 2.2 AA as far as axe can tell. */
export async function expectAccessible(page) {
    await settled(page);
    const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
    const { violations } = await new AxeBuilder({ page }).withTags(tags).analyze();
    const serious = violations.filter((found) => ["serious", "critical"].includes(found.impact));
    const told = serious.map((found) => `${found.id}: ${found.nodes.map((node) => node.target.join(" ")).join("; ")}`);
    expect(told, await page.title()).toEqual([]);
}

/** Waits until the page is drawn and no colour is on its way to another. */
async function settled(page) {
    await page.evaluate(async () => {
        const frame = () => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)));
        await frame();
        const changes = document.getAnimations().filter((found) => found instanceof CSSTransition);
        await Promise.allSettled(changes.map((change) => change.finished));
        await frame();
    });
}

/** Nothing stands out of the window to the right. */
export async function expectNoSidewaysScroll(page) {
    const over = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    expect(over, `${await page.title()} is wider than the window`).toBeLessThanOrEqual(0);
}

/** Keeps a picture for the README when asked to. */
export async function picture(page, name) {
    const folder = process.env.SLUICE_SCREENSHOTS;
    if (!folder) return;
    await page.mouse.move(0, 0);
    await page.screenshot({ path: join(folder, `${name}.png`), animations: "disabled" });
}
