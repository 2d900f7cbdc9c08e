// The head of the grid: names that sort, conditions, edges that are dragged.
import { make } from "./grid.js";

const PAUSE = 300;

/** The head's row. */
export function header(grid, columns) {
    const row = make("div", "grid-header", { role: "row", "aria-rowindex": "1" });
    const corner = make("div", "grid-line", { role: "columnheader" });
    corner.append(Object.assign(make("span", "visually-hidden"), { textContent: "Row" }));
    row.append(corner, ...columns.map((column, at) => cell(grid, column, at)));
    return row;
}

function cell(grid, column, at) {
    const attributes = { role: "columnheader", "aria-sort": "none", "aria-colindex": at + 1, "data-at": at };
    const cell = make("div", `grid-column grid-${column.kind}`, attributes);
    const name = make("button", "grid-sort", { type: "button", title: `${column.name} · ${column.type}: sort; Shift and an arrow key changes the width` });
    const text = make("span", "grid-name");
    text.textContent = column.name;
    const type = make("span", "grid-type");
    type.textContent = column.type;
    name.append(text, type);
    name.addEventListener("click", () => grid.sortBy(at));
    name.addEventListener("keydown", (event) => widen(grid, at, event));
    cell.append(name, filter(grid, column, at), edge(grid, at));
    return cell;
}

function filter(grid, column, at) {
    const hint = column.kind === "number" ? "> 10" : "text";
    const input = make("input", "grid-filter", {
        type: "search", placeholder: hint, "aria-label": `Filter ${column.name}`, autocomplete: "off", spellcheck: "false",
        title: "A part of the text, or = != > >= < <= and a value, null, not null",
    });
    let waiting;
    input.addEventListener("input", () => {
        clearTimeout(waiting);
        waiting = setTimeout(() => grid.filterBy(at, input.value), PAUSE);
    });
    // The grid's keys move its cursor; here they edit.
    input.addEventListener("keydown", (event) => event.stopPropagation());
    return input;
}

/** Changes the width by mouse. */
function edge(grid, at) {
    const edge = make("div", "grid-edge", { "aria-hidden": "true" });
    edge.addEventListener("pointerdown", (event) => {
        event.preventDefault();
        edge.setPointerCapture(event.pointerId);
        const [from, width] = [event.clientX, grid.width(at)];
        const move = (moved) => grid.setWidth(at, width + moved.clientX - from);
        edge.addEventListener("pointermove", move);
        edge.addEventListener("lostpointercapture", () => edge.removeEventListener("pointermove", move), { once: true });
    });
    return edge;
}

/** Changes the width by Shift and the arrow keys on the column's name. */
function widen(grid, at, event) {
    const step = { ArrowLeft: -16, ArrowRight: 16 }[event.key];
    if (!step || !event.shiftKey) return;
    event.preventDefault();
    grid.setWidth(at, grid.width(at) + step);
}
