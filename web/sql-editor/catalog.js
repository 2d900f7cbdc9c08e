// What completion and hover know: the tables and functions of the lake, looked up by name.

/**
 * @typedef {{name: string, type: string, comment?: string | null, partition?: boolean}} Column
 * @typedef {{database: string, name: string, comment?: string | null, columns: Column[]}} Table
 * @typedef {{name: string, signature?: string, documentation?: string}} Routine
 */

export class Catalog {
    /** @param {{tables?: Table[], functions?: Routine[]}} [content] */
    constructor(content = {}) {
        /** @type {Table[]} */
        this.tables = content.tables ?? [];
        /** @type {Routine[]} */
        this.functions = content.functions ?? [];
        this.databases = [...new Set(this.tables.map((table) => table.database))].sort();
        this.byName = new Map();
        for (const table of this.tables) {
            const name = table.name.toLowerCase();
            this.byName.set(`${table.database.toLowerCase()}.${name}`, table);
            if (!this.byName.has(name)) this.byName.set(name, table);
        }
        this.routines = new Map(this.functions.map((routine) => [routine.name.toLowerCase(), routine]));
    }

    /** @param {string[]} path `[database, table]` or `[table]` @returns {Table | undefined} */
    table(path) {
        return this.byName.get(path.slice(-2).join(".").toLowerCase());
    }

    /** @returns {Routine | undefined} */
    routine(name) {
        return this.routines.get(name.toLowerCase());
    }

    /** The columns that a reference of a query brings, from the catalog or from WITH. */
    columnsOf(reference, named) {
        if (reference.columns) return reference.columns.map(plain);
        const table = this.table(reference.path);
        if (table && !(reference.path.length === 1 && named.has(reference.path[0].toLowerCase()))) return table.columns;
        return (named.get(reference.path.join(".").toLowerCase()) ?? []).map(plain);
    }
}

const plain = (name) => ({ name, type: "" });
