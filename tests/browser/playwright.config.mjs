// Browser tests drive Debian's Chromium against a real `sluice serve` on this machine alone.
import { defineConfig } from "@playwright/test";

export default defineConfig({
    testDir: ".",
    outputDir: process.env.SLUICE_BROWSER_OUTPUT ?? "../../target/browser",
    // Two cores: one worker, so that times are those of one reader.
    workers: 1,
    fullyParallel: false,
    timeout: 60_000,
    expect: { timeout: 10_000 },
    forbidOnly: true,
    reporter: process.env.SLUICE_BROWSER_REPORT
        ? [["list"], ["json", { outputFile: process.env.SLUICE_BROWSER_REPORT }]]
        : "list",
    use: {
        browserName: "chromium",
        viewport: { width: 1280, height: 860 },
        locale: "en-GB",
        timezoneId: "UTC",
        colorScheme: "light",
        // Colours half-way between two themes have any contrast.
        contextOptions: { reducedMotion: "reduce" },
        actionTimeout: 15_000,
        screenshot: "only-on-failure",
        trace: "retain-on-failure",
        launchOptions: {
            executablePath: process.env.SLUICE_CHROMIUM ?? "/usr/bin/chromium",
            args: [
                "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                "--disable-background-networking", "--disable-component-update", "--disable-sync",
            ],
        },
    },
});
