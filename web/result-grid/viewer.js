// One cell in full: long text with its line breaks, JSON laid out.

/** Shows a cell in a dialog. */
export function openViewer(column, row, text) {
    const dialog = document.createElement("dialog");
    dialog.className = "dialog grid-viewer";
    dialog.setAttribute("aria-labelledby", "grid-viewer-title");
    const title = document.createElement("h2");
    title.id = "grid-viewer-title";
    title.textContent = `${column.name}, row ${row + 1}`;
    const about = document.createElement("p");
    about.className = "muted";
    about.textContent = `${column.type}${text === null ? "" : ` · ${text.length} characters`}`;
    const content = document.createElement("pre");
    content.tabIndex = 0;
    content.textContent = text === null ? "NULL" : laidOut(text);
    content.classList.toggle("is-null", text === null);
    const actions = document.createElement("div");
    actions.className = "actions";
    actions.append(button("Copy", () => navigator.clipboard.writeText(text ?? "")), button("Close", () => dialog.close()));
    dialog.append(title, about, content, actions);
    dialog.addEventListener("close", () => dialog.remove());
    document.body.append(dialog);
    dialog.showModal();
}

function laidOut(text) {
    if (!/^\s*[[{]/.test(text)) return text;
    try {
        return JSON.stringify(JSON.parse(text), null, 2);
    } catch {
        return text;
    }
}

function button(text, act) {
    const element = document.createElement("button");
    element.type = "button";
    element.className = "button";
    element.textContent = text;
    element.addEventListener("click", act);
    return element;
}
