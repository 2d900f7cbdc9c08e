// Where one is in the grid, and what is selected: by keys and by mouse.

export class Cursor {
    /** @param {import("./grid.js").ResultGrid} grid */
    constructor(grid) {
        this.grid = grid;
        this.clear();
        grid.view.addEventListener("keydown", (event) => this.#key(event));
        grid.body.addEventListener("pointerdown", (event) => this.#press(event));
        grid.body.addEventListener("dblclick", () => grid.openCell(this.row, this.column));
    }

    clear() {
        [this.row, this.column, this.fromRow, this.fromColumn] = [0, 0, 0, 0];
    }

    /** The selected cells. */
    range() {
        return {
            top: Math.min(this.row, this.fromRow), bottom: Math.max(this.row, this.fromRow),
            left: Math.min(this.column, this.fromColumn), right: Math.max(this.column, this.fromColumn),
        };
    }

    #key(event) {
        if (event.target !== this.grid.view) return;
        const control = event.ctrlKey || event.metaKey;
        const key = event.key.toLowerCase();
        if (control && key === "c") {
            event.preventDefault();
            this.grid.copy(event.shiftKey);
            return;
        }
        if (key === "enter") {
            event.preventDefault();
            this.grid.openCell(this.row, this.column);
            return;
        }
        const last = { row: this.grid.rows.total - 1, column: this.grid.rows.columns.length - 1 };
        if (control && key === "a") {
            event.preventDefault();
            [this.fromRow, this.fromColumn, this.row, this.column] = [0, 0, last.row, last.column];
            this.mark();
            return;
        }
        const page = Math.max(1, this.grid.inSight - 1);
        const target = {
            arrowdown: [this.row + 1, this.column], arrowup: [this.row - 1, this.column],
            arrowleft: [this.row, this.column - 1], arrowright: [this.row, this.column + 1],
            pagedown: [this.row + page, this.column], pageup: [this.row - page, this.column],
            home: control ? [0, 0] : [this.row, 0], end: control ? [last.row, last.column] : [this.row, last.column],
        }[key];
        if (!target) return;
        event.preventDefault();
        this.#go(Math.max(0, Math.min(last.row, target[0])), Math.max(0, Math.min(last.column, target[1])), event.shiftKey);
        this.grid.scrollTo_(this.row, this.column);
        this.grid.draw();
    }

    #press(event) {
        const cell = event.target.closest("[role=gridcell]");
        const row = event.target.closest("[data-row]");
        if (!cell || !row) return;
        this.#go(Number(row.dataset.row), Number(cell.getAttribute("aria-colindex")) - 1, event.shiftKey);
        this.mark();
    }

    #go(row, column, extends_) {
        [this.row, this.column] = [row, column];
        if (!extends_) [this.fromRow, this.fromColumn] = [row, column];
    }

    /** Shows cursor and selection on the rows in sight. */
    mark() {
        const { top, bottom, left, right } = this.range();
        const many = top !== bottom || left !== right;
        for (const cell of this.marked ?? []) cell.classList.remove("is-selected", "is-current");
        this.marked = [];
        this.grid.view.removeAttribute("aria-activedescendant");
        const begin = Math.max(top, this.grid.first - 4);
        const end = Math.min(bottom, this.grid.first + this.grid.inSight + 4);
        for (let row = begin; row <= end; row++) {
            for (let column = left; column <= right; column++) {
                const cell = this.grid.cellAt(row, column);
                if (!cell) break;
                const current = row === this.row && column === this.column;
                cell.classList.toggle("is-current", current);
                cell.classList.toggle("is-selected", many);
                this.marked.push(cell);
                if (current) {
                    this.grid.current?.removeAttribute("id");
                    this.grid.current = cell;
                    cell.id = "grid-current";
                    this.grid.view.setAttribute("aria-activedescendant", cell.id);
                }
            }
        }
    }
}
