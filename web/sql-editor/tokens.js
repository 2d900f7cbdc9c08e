// SQL cut into words, quoted names and signs. Comments and strings are passed over, so that what
// they hold is never taken for a table.

/**
 * @typedef {{kind: "word" | "quoted" | "sign" | "number", text: string, from: number, to: number}} Token
 * `text` of a quoted name is without its quotes.
 */

const TOKEN =
    /--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|'(?:[^']|'')*(?:'|$)|"((?:[^"]|"")*)(?:"|$)|([A-Za-z_][\w$]*)|(\d[\w.]*)|(\S)/g;

/** @param {string} text @returns {Token[]} */
export function tokens(text) {
    const found = [];
    for (const match of text.matchAll(TOKEN)) {
        const [all, quoted, word, number, sign] = match;
        const at = { from: match.index, to: match.index + all.length };
        if (quoted !== undefined) found.push({ kind: "quoted", text: quoted.replaceAll('""', '"'), ...at });
        else if (word !== undefined) found.push({ kind: "word", text: word, ...at });
        else if (number !== undefined) found.push({ kind: "number", text: number, ...at });
        else if (sign !== undefined) found.push({ kind: "sign", text: sign, ...at });
    }
    return found;
}

/** Whether the place lies in a comment or a string, where nothing is completed. */
export function insideText(text, place) {
    for (const match of text.matchAll(TOKEN)) {
        if (match.index >= place) return false;
        const end = match.index + match[0].length;
        const comment = match[0].startsWith("--") || match[0].startsWith("/*");
        const string = match[0].startsWith("'");
        if ((comment && end >= place) || (string && end > place)) return true;
        if (string && end === place && (match[0].length === 1 || !match[0].endsWith("'"))) return true;
    }
    return false;
}

/** A name as it must be written: in quotes when it is no plain lower-case word or is reserved. */
export function written(name) {
    return /^[a-z_][a-z0-9_]*$/.test(name) && !RESERVED.has(name) ? name : `"${name.replaceAll('"', '""')}"`;
}

/** Words that end a table reference, or that cannot be a name without quotes. */
export const RESERVED = new Set(
    `all and any as asc between by case cast cross desc distinct else end except exists false fetch filter for
    from full group having ilike in inner intersect into is join lateral left like limit natural not null offset
    on or order outer over partition qualify right select semi similar set some table tablesample then true union
    unnest using values when where window with`.split(/\s+/),
);
