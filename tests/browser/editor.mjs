// What tests do with the SQL editor and the page of a transformation.
import { expect } from "./console.mjs";

/** The text that the editor holds. */
export const text = (page) => page.evaluate(() => document.querySelector("sql-editor").value);

/** Writes in place of everything that the editor holds. */
export async function write(page, sql) {
    const editor = page.locator("sql-editor .cm-content");
    await expect(editor).toBeVisible();
    await editor.click();
    await page.keyboard.press("ControlOrMeta+a");
    await page.keyboard.insertText(sql);
}

/** Asks to save what the editor of a transformation holds. */
export async function submit(page, message) {
    await page.getByRole("button", { name: "Save…" }).click();
    const dialog = page.getByRole("dialog", { name: "Save this SQL" });
    await dialog.getByLabel("What changes, and why").fill(message);
    await dialog.getByRole("button", { name: "Save", exact: true }).click();
    return dialog;
}

/** Saves. The demo's fixture test expects other rows: that is shown, and put aside with a reason. */
export async function save(page, message, reason) {
    const dialog = await submit(page, message);
    await dialog.getByLabel("Save although tests fail, because").fill(reason);
    await expect(dialog.getByText("Failed", { exact: true })).toBeVisible();
    await dialog.getByRole("button", { name: "Save", exact: true }).click();
}
