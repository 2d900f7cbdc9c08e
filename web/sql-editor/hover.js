// What the name under the pointer is: a column with its type, a table, a function.
import { hoverTooltip } from "@codemirror/view";
import { scopeAt } from "./scope.js";
import { tokens } from "./tokens.js";

/** @param {() => import("./catalog.js").Catalog} catalog */
export function hover(catalog) {
    return hoverTooltip((view, place) => {
        const text = view.state.doc.toString();
        const all = tokens(text);
        const at = all.findIndex((token) => token.from <= place && place <= token.to && ["word", "quoted"].includes(token.kind));
        if (at < 0) return null;
        const lines = describe(all, at, scopeAt(text, place), catalog());
        if (!lines.length) return null;
        return { pos: all[at].from, end: all[at].to, above: true, create: () => ({ dom: card(lines) }) };
    });
}

/** The lines to show: the first names it, the others explain. Empty when nothing is known. */
export function describe(all, at, scope, catalog) {
    const { text } = all[at];
    const before = all[at - 1]?.text === "." ? all[at - 2]?.text : undefined;
    const called = all[at + 1]?.text === "(" && all[at + 1].kind === "sign";
    if (called) {
        const found = catalog.routine(text);
        return found ? [found.signature || `${found.name}()`, found.about].filter(Boolean) : [];
    }
    const table = before ? catalog.byName.get(`${before}.${text}`.toLowerCase()) : undefined;
    if (table) return aboutTable(table);
    for (const reference of scope.references) {
        const name = (reference.alias || reference.path.at(-1) || "").toLowerCase();
        if (before && name !== before.toLowerCase()) continue;
        const found = catalog.columnsOf(reference, scope.named).find((column) => column.name.toLowerCase() === text.toLowerCase());
        if (found) return aboutColumn(found, reference);
    }
    const reference = scope.references.find(({ alias, path }) => [alias, path.at(-1)].includes(text));
    const meant = reference && catalog.table(reference.path);
    return meant ? aboutTable(meant) : [];
}

function aboutTable(table) {
    const keys = table.columns.filter((column) => column.partition).map((column) => column.name);
    const size = `${table.columns.length} columns${keys.length ? `, partitioned by ${keys.join(", ")}` : ""}`;
    return [`${table.database}.${table.name}`, size, table.comment].filter(Boolean);
}

function aboutColumn(column, reference) {
    const head = [column.name, column.type].filter(Boolean).join("  ");
    const origin = `${column.partition ? "partition key" : "column"} of ${reference.path.join(".") || reference.alias}`;
    return [head, origin, column.comment].filter(Boolean);
}

function card(lines) {
    const dom = document.createElement("div");
    dom.className = "cm-about";
    lines.forEach((line, at) => {
        const part = dom.appendChild(document.createElement(at === 0 ? "code" : "p"));
        part.textContent = line;
    });
    return dom;
}
