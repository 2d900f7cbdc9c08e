// Which tables a place in a query can name: those of its FROM, those of the queries around it, and
// the names that WITH gives.
import { RESERVED, tokens } from "./tokens.js";

/**
 * @typedef {{path: string[], alias: string, from: number, to: number}} Reference
 * `from` and `to` bound the query that can see it.
 * @typedef {{references: Reference[], named: Map<string, string[]>}} Scope
 * `named`: tables of WITH, with the columns they seem to have.
 */

const isName = (token) => token && (token.kind === "quoted" || (token.kind === "word" && !RESERVED.has(token.text.toLowerCase())));
const isWord = (token, ...words) => token?.kind === "word" && words.includes(token.text.toLowerCase());
const isSign = (token, sign) => token?.kind === "sign" && token.text === sign;

/** @param {string} text @param {number} place @returns {Scope} */
export function scopeAt(text, place) {
    const all = statementAt(tokens(text), place);
    const closes = closings(all);
    const references = [];
    const named = new Map();
    const open = [];
    let listening = [false];
    for (let at = 0; at < all.length; at++) {
        const token = all[at];
        if (isSign(token, "(")) {
            open.push(at);
            listening.push(false);
            continue;
        }
        if (isSign(token, ")")) {
            open.pop();
            listening.pop();
            if (!listening.length) listening = [false];
            continue;
        }
        const level = listening.length - 1;
        if (isWord(token, "where", "group", "order", "having", "select", "limit", "union", "on", "window")) listening[level] = false;
        const begins = isWord(token, "from", "join") || (listening[level] && isSign(token, ","));
        if (begins) {
            listening[level] = true;
            const read = reference(all, at + 1, closes);
            if (read) references.push({ ...read, ...bounds(all, open, closes) });
        }
        if (isName(token) && isWord(all[at + 1], "as") && isSign(all[at + 2], "(")) {
            named.set(token.text.toLowerCase(), outputs(all.slice(at + 3, closes.get(at + 2) ?? all.length)));
        }
    }
    const seen = references.filter(({ from, to }) => from <= place && place <= to);
    return { references: seen, named };
}

/** The tokens of the statement that holds the place. */
function statementAt(all, place) {
    const ends = all.filter((token) => isSign(token, ";"));
    const begin = ends.findLast((token) => token.to <= place)?.to ?? 0;
    const end = ends.find((token) => token.from >= place)?.from ?? Infinity;
    return all.filter((token) => token.from >= begin && token.to <= end);
}

/** Where each opening bracket closes, by position in the list. */
function closings(all) {
    const open = [];
    const closes = new Map();
    all.forEach((token, at) => {
        if (isSign(token, "(")) open.push(at);
        else if (isSign(token, ")") && open.length) closes.set(open.pop(), at);
    });
    return closes;
}

function bounds(all, open, closes) {
    if (!open.length) return { from: 0, to: Infinity };
    const begin = open[open.length - 1];
    return { from: all[begin].from, to: all[closes.get(begin)]?.to ?? Infinity };
}

/** `database.table [AS] alias` or `(…) [AS] alias` from a position on. */
function reference(all, at, closes) {
    const path = [];
    let columns;
    if (isSign(all[at], "(")) {
        const close = closes.get(at) ?? all.length;
        columns = outputs(all.slice(at + 1, close));
        at = close + 1;
    } else {
        while (isName(all[at])) {
            path.push(all[at].text);
            if (!isSign(all[at + 1], ".")) break;
            at += 2;
        }
        if (!path.length) return undefined;
        at += 1;
    }
    if (isWord(all[at], "as")) at += 1;
    const alias = isName(all[at]) ? all[at].text : "";
    return { path, alias, columns };
}

/** Names of the columns that a query seems to give: the last name of each item of its SELECT. */
function outputs(all) {
    const select = all.findIndex((token) => isWord(token, "select"));
    if (select < 0) return [];
    const names = [];
    let depth = 0;
    for (let at = select + 1; at <= all.length; at++) {
        const token = all[at];
        if (isSign(token, "(")) depth += 1;
        if (isSign(token, ")")) depth -= 1;
        const ends = !token || (depth === 0 && (isSign(token, ",") || isWord(token, "from")));
        if (!ends) continue;
        const last = all[at - 1];
        if (isName(last)) names.push(last.text);
        if (!token || isWord(token, "from")) break;
    }
    return names;
}
