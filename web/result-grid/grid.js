// <result-grid>: a result of any length. Only the rows in sight are in the document; scrolling moves
// the same elements on and writes other text into them.
import { Cursor } from "./cursor.js";
import { header } from "./header.js";
import { Rows } from "./rows.js";
import { openViewer } from "./viewer.js";

const ROW_HEIGHT = 28;
const SPARE_ROWS = 8;
const NARROWEST = 48;
const WIDEST_AT_FIRST = 320;

export class ResultGrid extends HTMLElement {
    #rows;
    #pool = [];
    #widths = [];
    #drawing = false;
    #resize = new ResizeObserver(() => this.draw());

    /** The address of the rows; another one shows another result from its beginning. */
    set path(path) {
        if (!path || this.#rows?.path === path) return;
        this.#rows?.reset();
        this.#widths = [];
        this.#rows = new Rows(path, () => this.#arrived());
        this.cursor = undefined;
        if (this.isConnected) this.#begin();
    }

    get path() {
        return this.#rows?.path ?? "";
    }

    /** How many rows there are by now: the grid asks for more when it has fewer. */
    set known(count) {
        if (!this.#rows || count === this.#rows.kept || !this.view) return;
        this.#rows.grow();
        this.#rows.want(this.first, this.first + this.inSight);
    }

    connectedCallback() {
        // What the page set before this script had arrived.
        for (const name of ["path", "known"]) {
            if (!Object.hasOwn(this, name)) continue;
            const value = this[name];
            delete this[name];
            this[name] = value;
        }
        if (this.#rows) this.#begin();
    }

    disconnectedCallback() {
        this.#resize.disconnect();
        this.#rows?.reset();
    }

    get rows() {
        return this.#rows;
    }

    get first() {
        return Math.floor((this.view?.scrollTop ?? 0) / ROW_HEIGHT);
    }

    get inSight() {
        return Math.max(1, Math.ceil(((this.view?.clientHeight ?? 0) - (this.head?.offsetHeight ?? 0)) / ROW_HEIGHT));
    }

    #begin() {
        this.#pool = [];
        this.replaceChildren();
        this.view = make("div", "grid-view", { role: "grid", tabindex: "0", "aria-label": this.getAttribute("label") ?? "Result" });
        this.head = make("div", "grid-head", { role: "rowgroup" });
        this.body = make("div", "grid-body", { role: "rowgroup" });
        this.note = make("p", "grid-note", { role: "status" });
        this.view.append(this.head, this.body);
        this.append(this.view, this.note);
        this.cursor = new Cursor(this);
        this.view.addEventListener("scroll", () => this.draw(), { passive: true });
        this.#resize.disconnect();
        this.#resize.observe(this.view);
        this.#rows.want(0, 1);
    }

    /** Rows came: the first ones tell the columns. */
    #arrived() {
        const { columns, problem } = this.#rows;
        if (!this.view) return;
        this.note.textContent = problem ?? "";
        if (columns.length && this.#widths.length !== columns.length) {
            this.#measure();
            this.head.replaceChildren(header(this, columns));
            this.view.setAttribute("aria-colcount", columns.length);
        }
        const { total, kept } = this.#rows;
        const detail = { total: String(total), kept: String(kept), arrangement: this.#rows.arrangement() };
        this.dispatchEvent(new CustomEvent("grid-rows", { bubbles: true, detail }));
        for (const row of this.#pool) row.index = -1;
        this.draw();
    }

    /** Widths by the text of the first rows. */
    #measure() {
        this.#widths = this.#rows.columns.map((column, at) => {
            let longest = column.name.length + 4;
            for (let index = 0; index < 60; index++) {
                longest = Math.max(longest, this.#rows.row(index)?.cells[at]?.length ?? 0);
            }
            return Math.min(WIDEST_AT_FIRST, Math.max(84, longest * 7.6 + 24));
        });
        this.#place();
    }

    width(at) {
        return this.#widths[at];
    }

    setWidth(at, width) {
        this.#widths[at] = Math.max(NARROWEST, width);
        this.#place();
    }

    #place() {
        const number = String(this.#rows.kept).length * 8 + 24;
        const columns = [number, ...this.#widths].map((width) => `${Math.round(width)}px`).join(" ");
        this.view.style.setProperty("--grid-columns", columns);
    }

    /** Sorts by a column: upwards, downwards, not at all. */
    sortBy(at) {
        const now = this.#rows.sort;
        this.#rows.sort = now === `${at}` ? `-${at}` : now === `-${at}` ? "" : `${at}`;
        this.#rearranged();
    }

    filterBy(at, words) {
        if ((this.#rows.filters[at] ?? "") === words) return;
        this.#rows.filters[at] = words;
        this.#rearranged();
    }

    #rearranged() {
        for (const cell of this.head.querySelectorAll("[role=columnheader][data-at]")) {
            const { sort } = this.#rows;
            const order = sort === cell.dataset.at ? "ascending" : sort === `-${cell.dataset.at}` ? "descending" : "none";
            cell.setAttribute("aria-sort", order);
        }
        this.#rows.reset();
        this.view.scrollTop = 0;
        this.cursor.clear();
        this.#rows.want(0, this.inSight);
    }

    /** Draws with the next frame, once. */
    draw() {
        if (this.#drawing) return;
        this.#drawing = true;
        requestAnimationFrame(() => {
            this.#drawing = false;
            this.#draw();
        });
    }

    #draw() {
        const { total, columns } = this.#rows;
        if (!this.view?.isConnected || !columns.length) return;
        this.body.style.height = `${total * ROW_HEIGHT}px`;
        this.view.setAttribute("aria-rowcount", total + 1);
        const first = Math.max(0, this.first - SPARE_ROWS / 2);
        const count = Math.min(total, this.inSight + SPARE_ROWS);
        while (this.#pool.length < count) this.#pool.push(this.#newRow(columns));
        const size = this.#pool.length;
        const last = Math.min(total, first + size);
        for (const row of this.#pool) row.used = false;
        for (let index = first; index < last; index++) this.#show(this.#pool[index % size], index);
        for (const row of this.#pool) {
            if (!row.used && row.index !== -2) {
                row.index = -2;
                row.element.hidden = true;
            }
        }
        if (last > first) this.#want(first, last - 1);
        if (!total && !this.#rows.problem) this.note.textContent = this.#rows.kept ? "No row fits the filters." : "The query returned no rows.";
        this.cursor.mark();
    }

    /** Rows that fly past are not asked for. */
    #want(first, last) {
        clearTimeout(this.waiting);
        const missing = !this.#rows.row(first) || !this.#rows.row(last);
        if (missing) this.waiting = setTimeout(() => this.#rows.want(this.first, this.first + this.inSight + SPARE_ROWS), 40);
    }

    #newRow(columns) {
        const element = make("div", "grid-row", { role: "row" });
        const number = make("div", "grid-line", { role: "rowheader" });
        const cells = columns.map((column, at) => make("div", `grid-cell grid-${column.kind}`, { role: "gridcell", "aria-colindex": at + 1 }));
        element.append(number, ...cells);
        this.body.append(element);
        return { element, number, cells, index: -1, used: false };
    }

    #show(row, index) {
        row.used = true;
        if (row.index === index) return;
        const found = this.#rows.row(index);
        row.element.hidden = false;
        row.element.style.transform = `translateY(${index * ROW_HEIGHT}px)`;
        row.element.setAttribute("aria-rowindex", index + 2);
        row.element.dataset.row = index;
        row.number.textContent = index + 1;
        // Rows that have not come yet are written when they do.
        row.index = found ? index : -1;
        for (let at = 0; at < row.cells.length; at++) {
            const text = found ? found.cells[at] : "…";
            const cell = row.cells[at];
            cell.textContent = text ?? "NULL";
            cell.classList.toggle("is-null", text === null);
        }
    }

    /** The element of a cell, if it is in sight. */
    cellAt(row, column) {
        const found = this.#pool.find((shown) => shown.used && Number(shown.element.dataset.row) === row);
        return found?.cells[column];
    }

    scrollTo_(row, column) {
        const top = row * ROW_HEIGHT;
        const height = this.view.clientHeight - this.head.offsetHeight;
        if (top < this.view.scrollTop) this.view.scrollTop = top;
        else if (top + ROW_HEIGHT > this.view.scrollTop + height) this.view.scrollTop = top + ROW_HEIGHT - height;
        const left = this.#widths.slice(0, column).reduce((sum, width) => sum + width, 0);
        if (left < this.view.scrollLeft) this.view.scrollLeft = left;
        const right = left + this.#widths[column] + 80;
        if (right > this.view.scrollLeft + this.view.clientWidth) this.view.scrollLeft = right - this.view.clientWidth;
    }

    async openCell(row, column) {
        const found = this.#rows.row(row);
        if (!found) return;
        const text = found.cut?.has(column) ? await this.#rows.cell(row, column) : found.cells[column];
        openViewer(this.#rows.columns[column], row, text);
    }

    /** Copies the selected cells as a spreadsheet takes them. */
    async copy(withHeaders) {
        const { top, bottom, left, right } = this.cursor.range();
        const last = Math.min(bottom, top + 9_999);
        const rows = await this.#rows.range(top, last);
        const lines = rows.map((cells) => cells.slice(left, right + 1).map(plain).join("\t"));
        if (withHeaders) lines.unshift(this.#rows.columns.slice(left, right + 1).map((column) => plain(column.name)).join("\t"));
        await navigator.clipboard.writeText(lines.join("\n"));
        const left_out = last < bottom ? ", the most at once" : "";
        this.note.textContent = `${rows.length * (right - left + 1)} cells copied${left_out}`;
    }
}

/** A cell on the clipboard: line breaks would end its row. */
const plain = (text) => (text ?? "").replace(/[\t\r\n]+/g, " ");

/** An element with a class and attributes. */
export function make(name, className, attributes = {}) {
    const element = document.createElement(name);
    element.className = className;
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    return element;
}
