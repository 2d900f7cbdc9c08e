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
    const name = make("button", "grid-sort", { type: "button", title: `${column.name} · ${column.type}: sort` });
    const text = make("span", "grid-name");
    text.textContent = column.name;
    const type = make("span", "grid-type");
    type.textContent = column.type;
    name.append(text, type);
    name.addEventListener("click", () => grid.sortBy(at));
    cell.append(name, filter(grid, column, at), edge(grid, column, at));
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

/** Changes the width: by mouse, or by the arrow keys. */
function edge(grid, column, at) {
    const edge = make("div", "grid-edge", {
        role: "separator", "aria-orientation": "vertical", tabindex: "0", "aria-label": `Width of ${column.name}`,
        "aria-valuenow": Math.round(grid.width(at)), "aria-valuemin": "48", "aria-valuemax": "2000",
    });
    const set = (width) => {
        grid.setWidth(at, width);
        edge.setAttribute("aria-valuenow", Math.round(grid.width(at)));
    };
    edge.addEventListener("pointerdown", (event) => {
        event.preventDefault();
        edge.setPointerCapture(event.pointerId);
        const [from, width] = [event.clientX, grid.width(at)];
        const move = (moved) => set(width + moved.clientX - from);
        edge.addEventListener("pointermove", move);
        edge.addEventListener("lostpointercapture", () => edge.removeEventListener("pointermove", move), { once: true });
    });
    edge.addEventListener("keydown", (event) => {
        const step = { ArrowLeft: -16, ArrowRight: 16 }[event.key];
        if (!step) return;
        event.preventDefault();
        event.stopPropagation();
        set(grid.width(at) + step);
    });
    return edge;
}
