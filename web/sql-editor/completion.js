// What can come next: tables after FROM, columns after `alias.`, elsewhere columns of the tables in
// reach, functions and words of the language.
import { scopeAt } from "./scope.js";
import { insideText, tokens, written } from "./tokens.js";

const NAME = /((?:(?:"[^"]*"|[\w$]+)\s*\.\s*)*)("?)([\w$]*)$/;
const WORDS = `select from where group by order having limit distinct as on using and or not in is null like between
    case when then else end cast join inner left right full cross union all except intersect with over partition
    exists asc desc true false values filter`.split(/\s+/);

/** @param {() => import("./catalog.js").Catalog} catalog */
export function completionSource(catalog) {
    return (context) => {
        const text = context.state.doc.toString();
        if (insideText(text, context.pos)) return null;
        const [, dotted, quote, typed] = text.slice(0, context.pos).match(NAME);
        const path = tokens(dotted).filter((token) => token.kind !== "sign").map((token) => token.text);
        if (!typed && !path.length && !quote && !context.explicit && !afterFrom(text, context.pos)) return null;
        const scope = scopeAt(text, context.pos);
        const options = path.length
            ? below(path, scope, catalog())
            : afterFrom(text, context.pos - typed.length - quote.length)
              ? tables(scope, catalog())
              : anything(scope, catalog());
        if (!options.length) return null;
        return { from: context.pos - typed.length, options, validFor: /^[\w$]*$/ };
    };
}

/** Whether a table stands here: after FROM or JOIN, or after a comma in the list of tables. */
function afterFrom(text, place) {
    const before = tokens(text.slice(0, place));
    let at = before.length - 1;
    const word = (token) => (token?.kind === "word" ? token.text.toLowerCase() : "");
    if (["from", "join"].includes(word(before[at]))) return true;
    if (!(before[at]?.kind === "sign" && before[at].text === ",")) return false;
    for (; at >= 0; at--) {
        if (before[at].kind === "sign" && "()".includes(before[at].text)) return false;
        if (word(before[at]) === "from") return true;
        if (["select", "by", "on", "where"].includes(word(before[at]))) return false;
    }
    return false;
}

/** After a dot: columns of a table or alias, or the tables of a database. */
function below(path, scope, catalog) {
    const [first] = path.map((part) => part.toLowerCase());
    const called = scope.references.find(
        ({ alias, path: own }) => alias.toLowerCase() === first || (!alias && own.at(-1)?.toLowerCase() === first),
    );
    if (path.length === 1 && called) return catalog.columnsOf(called, scope.named).map(column);
    if (path.length === 1 && scope.named.has(first)) return scope.named.get(first).map((name) => column({ name, type: "" }));
    const table = path.length > 1 && catalog.table(path);
    if (table) return table.columns.map(column);
    return catalog.tables.filter((found) => found.database.toLowerCase() === first).map((found) => name(found.name, "type"));
}

function tables(scope, catalog) {
    const named = [...scope.named.keys()].map((found) => ({ ...name(found, "type"), detail: "WITH", boost: 2 }));
    const all = catalog.tables.map((table) => ({
        ...name(table.name, "type", `${written(table.database)}.${written(table.name)}`),
        detail: table.database,
        info: table.comment || undefined,
    }));
    return [...named, ...all, ...catalog.databases.map((found) => ({ ...name(found, "namespace"), detail: "database" }))];
}

function anything(scope, catalog) {
    const seen = new Map();
    for (const reference of scope.references) {
        for (const found of catalog.columnsOf(reference, scope.named)) {
            if (!seen.has(found.name)) seen.set(found.name, { ...column(found), boost: 3 });
        }
    }
    const aliases = scope.references.filter(({ alias }) => alias).map(({ alias }) => ({ ...name(alias, "namespace"), detail: "alias", boost: 2 }));
    const words = WORDS.map((word) => ({ label: word, type: "keyword" }));
    return [...seen.values(), ...aliases, ...catalog.functions.map(routine), ...words];
}

function column(found) {
    const detail = [found.type, found.partition && "partition key"].filter(Boolean).join(", ");
    return { ...name(found.name, "property"), detail, info: found.comment || undefined };
}

function routine(found) {
    const apply = (view, _completion, from, to) => {
        const insert = `${found.name}()`;
        view.dispatch({ changes: { from, to, insert }, selection: { anchor: from + insert.length - 1 }, userEvent: "input.complete" });
    };
    const info = [found.signature, found.about].filter(Boolean).join("\n\n") || undefined;
    return { label: found.name, type: "function", apply, info };
}

/** A name to insert; an opening quote that was typed is replaced together with its twin. */
function name(label, type, text = written(label)) {
    const apply = (view, _completion, from, to) => {
        const { doc } = view.state;
        const quoted = doc.sliceString(from - 1, from) === '"';
        const begin = quoted ? from - 1 : from;
        const end = quoted && doc.sliceString(to, to + 1) === '"' ? to + 1 : to;
        view.dispatch({
            changes: { from: begin, to: end, insert: text },
            selection: { anchor: begin + text.length },
            userEvent: "input.complete",
        });
    };
    return { label, type, apply };
}
