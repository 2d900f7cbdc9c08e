// A Chromium to measure in, and who uses it.
import { chromium } from "@playwright/test";

/** Starts the Chromium at a path, without anything that works in the background. */
export const launch = (executablePath) => chromium.launch({
    executablePath,
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
        "--disable-background-networking", "--disable-component-update"],
});

/** A context that is signed in at an address by a cookie, `name=value`. */
export async function signedIn(browser, url, cookie, options = {}) {
    const context = await browser.newContext(options);
    const [name, ...value] = cookie.split("=");
    await context.addCookies([{ name, value: value.join("="), url }]);
    return context;
}
