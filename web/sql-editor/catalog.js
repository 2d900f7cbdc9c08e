// What completion and hover know: the tables and functions of the lake, looked up by name.

/**
 * @typedef {{name: string, type: string, comment?: string | null, partition?: boolean}} Column
 * @typedef {{database: string, name: string, comment?: string | null, columns: Column[]}} Table
 * @typedef {{name: string, signature?: string, about?: string}} Routine
 */

export class Catalog {
    /** @param {object} [content] the answer of `/sql/catalog`: databases, partition_keys, functions */
    constructor(content = {}) {
        const keys = (content.partition_keys ?? []).map((name) => ({ name, type: "string", partition: true }));
        /** @type {Table[]} */
        this.tables = (content.databases ?? []).flatMap(({ name: database, tables }) =>
            tables.map((table) => ({ ...table, database, columns: [...table.columns, ...keys] })),
        );
        /** @type {Routine[]} */
        this.functions = content.functions ?? [];
        this.databases = (content.databases ?? []).map((database) => database.name);
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
