// The rows of a result as the API hands them out, page by page, kept around where one looks.

const ROWS_OF_PAGE = 200;
const PAGES_KEPT = 80;

export class Rows {
    /** @param {string} path address of the rows @param {() => void} changed called when rows arrive */
    constructor(path, changed) {
        this.path = path;
        this.changed = changed;
        this.sort = "";
        this.filters = {};
        this.total = 0;
        this.kept = 0;
        this.columns = [];
        this.reset();
    }

    /** Forgets what was fetched, not how it is arranged. */
    reset() {
        this.pages = new Map();
        this.asked?.abort();
        this.asked = new AbortController();
        this.under_way = new Set();
    }

    /** More rows are there: pages that were not full are asked for again. */
    grow() {
        for (const [page, { rows }] of this.pages) {
            if (rows.length < ROWS_OF_PAGE || this.sort) this.pages.delete(page);
        }
    }

    /** The address of some rows. */
    address(offset, limit, more = {}) {
        const arrangement = this.arrangement();
        return `${this.path}?${new URLSearchParams({ offset, limit, ...more })}${arrangement && `&${arrangement}`}`;
    }

    /** How the rows are sorted and filtered, as the API takes it; empty when they are as they came. */
    arrangement() {
        const query = new URLSearchParams();
        if (this.sort) query.set("sort", this.sort);
        const filters = Object.entries(this.filters).filter(([, words]) => words.trim());
        if (filters.length) query.set("filter", JSON.stringify(Object.fromEntries(filters)));
        return query.toString();
    }

    /** A row that has been fetched: {cells, cut} or undefined. */
    row(index) {
        const page = this.pages.get(Math.floor(index / ROWS_OF_PAGE));
        const cells = page?.rows[index % ROWS_OF_PAGE];
        return cells && { cells, cut: page.cut.get(index % ROWS_OF_PAGE) };
    }

    /** Fetches what is missing between two rows. */
    want(first, last) {
        const end = Math.floor(Math.max(first, last) / ROWS_OF_PAGE);
        for (let page = Math.floor(first / ROWS_OF_PAGE); page <= end; page++) {
            if (!this.pages.has(page) && !this.under_way.has(page)) this.fetch(page);
        }
    }

    /** @returns {Promise<void>} */
    async fetch(page) {
        const asked = this.asked;
        this.under_way.add(page);
        try {
            const answer = await this.get(this.address(page * ROWS_OF_PAGE, ROWS_OF_PAGE), asked.signal);
            if (asked.signal.aborted) return;
            this.keep(page, answer);
            this.problem = undefined;
        } catch (error) {
            if (asked.signal.aborted) return;
            this.problem = error.message;
        } finally {
            if (asked === this.asked) this.under_way.delete(page);
        }
        this.changed();
    }

    keep(page, answer) {
        const cut = new Map();
        for (const [row, column] of answer.cut) cut.set(row, (cut.get(row) ?? new Set()).add(column));
        this.columns = answer.columns;
        this.total = answer.total;
        this.kept = answer.kept;
        // A page that is not full yet is asked for again when more rows are there.
        this.pages.delete(page);
        this.pages.set(page, { rows: answer.rows, cut });
        if (this.pages.size > PAGES_KEPT) this.pages.delete(this.pages.keys().next().value);
    }

    async get(address, signal) {
        const answer = await fetch(address, { headers: { accept: "application/json" }, signal });
        const body = await answer.json();
        if (!answer.ok) throw new Error(body.detail ?? answer.statusText);
        return body;
    }

    /** A whole cell, also one that was cut. */
    async cell(row, column) {
        const answer = await this.get(this.address(row, 1, { whole: true }));
        return answer.rows[0]?.[column] ?? null;
    }

    /** Whole rows, for the clipboard. */
    async range(first, last) {
        const rows = [];
        while (first + rows.length <= last) {
            const offset = first + rows.length;
            const answer = await this.get(this.address(offset, Math.min(1000, last - offset + 1), { whole: true }));
            if (!answer.rows.length) break;
            rows.push(...answer.rows);
        }
        return rows;
    }
}
