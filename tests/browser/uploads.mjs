// What tests of uploads share.

/** The file input of the source page. */
export const uploadInput = (page) => page.getByLabel(/Drop files here/);

/** Keeps the second piece of an upload back until the answer is called. */
export async function holdSecondPiece(page) {
    let release;
    const held = new Promise((done) => (release = done));
    let pieces = 0;
    await page.route("**/uploads/*", async (route) => {
        if (route.request().method() === "PATCH" && ++pieces === 2) await held;
        await route.continue().catch(() => {});
    });
    return release;
}
