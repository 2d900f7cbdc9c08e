// `<sql-editor label="…" [readonly]><textarea>SELECT …</textarea></sql-editor>`
import { acceptCompletion, autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from "@codemirror/autocomplete";
import { lintGutter, lintKeymap, setDiagnostics } from "@codemirror/lint";
import { Annotation, Compartment, EditorState, Prec } from "@codemirror/state";
import { EditorView, keymap } from "@codemirror/view";
import { Catalog } from "./catalog.js";
import { completionSource } from "./completion.js";
import { hover } from "./hover.js";
import { marks, offset } from "./problems.js";
import { fixed, reading, writing } from "./setup.js";

/** Marks changes that the page made, which it need not be told of. */
const fromPage = Annotation.define();

/**
 * Properties: `value`; `catalog` and `diagnostics`, as objects or JSON; `selection` (text, read only).
 * Events: `sql-change` {value}, `sql-run` {value, selection}, `sql-save` {value}.
 * Methods: `goTo(line, column)`, `insert(text)`, `replace(line, column, endLine, endColumn, text)`, `focus()`.
 */
export class SqlEditor extends HTMLElement {
    static observedAttributes = ["readonly", "label"];
    #view;
    #mode = new Compartment();
    #name = new Compartment();
    #catalog = new Catalog();
    #findings = [];
    #early;

    connectedCallback() {
        if (this.#view) return;
        // What the page set before this script was there are plain properties that hide ours.
        for (const name of ["value", "catalog", "diagnostics"]) {
            if (Object.hasOwn(this, name)) {
                const value = this[name];
                delete this[name];
                this[name] = value;
            }
        }
        const area = this.querySelector("textarea");
        const doc = this.#early ?? area?.value ?? "";
        const focused = area && document.activeElement === area;
        this.#view = new EditorView({ parent: this, state: EditorState.create({ doc, extensions: this.#extensions() }) });
        if (area) area.hidden = true;
        if (focused) this.#view.focus();
        this.#showFindings();
        this.dataset.ready = "true";
    }

    disconnectedCallback() {
        // Moving an element disconnects it too: only what stays away is taken down.
        queueMicrotask(() => {
            if (this.isConnected || !this.#view) return;
            this.#early = this.value;
            this.#view.destroy();
            this.#view = undefined;
        });
    }

    attributeChangedCallback() {
        this.#view?.dispatch({ effects: [this.#mode.reconfigure(this.#modes()), this.#name.reconfigure(this.#label())] });
    }

    get value() {
        return this.#view?.state.doc.toString() ?? this.#early ?? this.querySelector("textarea")?.value ?? "";
    }

    set value(text) {
        if (!this.#view) {
            this.#early = String(text);
            return;
        }
        const change = difference(this.value, String(text));
        if (change) this.#view.dispatch({ changes: change, annotations: fromPage.of(true) });
    }

    set catalog(content) {
        this.#catalog = new Catalog(parsed(content) ?? {});
    }

    set diagnostics(content) {
        this.#findings = parsed(content) ?? [];
        this.#showFindings();
    }

    /** The selected text; empty when nothing is. */
    get selection() {
        if (!this.#view) return "";
        const { from, to } = this.#view.state.selection.main;
        return this.#view.state.sliceDoc(from, to);
    }

    /** Puts the cursor at a line and column, which count from 1. */
    goTo(line, column) {
        if (!this.#view) return;
        const anchor = offset(this.#view.state.doc, line, column);
        this.#view.dispatch({ selection: { anchor }, effects: EditorView.scrollIntoView(anchor, { y: "center" }) });
        this.#view.focus();
    }

    /** Puts text in the place of the selection, as if it were typed. */
    insert(text) {
        if (!this.#view || this.#view.state.readOnly) return;
        this.#view.dispatch(this.#view.state.replaceSelection(text));
        this.#view.focus();
    }

    /** Replaces a place, as if it were typed. */
    replace(line, column, endLine, endColumn, text) {
        if (!this.#view || this.#view.state.readOnly) return;
        const { doc } = this.#view.state;
        const change = { from: offset(doc, line, column), to: offset(doc, endLine, endColumn), insert: text };
        this.#view.dispatch({ changes: change, userEvent: "input" });
        this.#view.focus();
    }

    focus() {
        this.#view?.focus();
    }

    #showFindings() {
        if (this.#view) this.#view.dispatch(setDiagnostics(this.#view.state, marks(this.#view.state.doc, this.#findings)));
    }

    #tell(name, detail) {
        this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true }));
        return true;
    }

    #label() {
        return reading(this.getAttribute("label") || "SQL");
    }

    #modes() {
        return this.hasAttribute("readonly") ? fixed : [writing, closeBrackets(), keymap.of(closeBracketsKeymap)];
    }

    #extensions() {
        const catalog = () => this.#catalog;
        const keys = [
            { key: "Mod-Enter", run: () => this.#tell("sql-run", { value: this.value, selection: this.selection }) },
            { key: "Mod-s", preventDefault: true, run: () => this.#tell("sql-save", { value: this.value }) },
            { key: "Tab", run: acceptCompletion },
        ];
        const typed = EditorView.updateListener.of((update) => {
            const own = update.transactions.some((change) => change.annotation(fromPage));
            if (update.docChanged && !own) this.#tell("sql-change", { value: update.state.doc.toString() });
        });
        return [
            Prec.highest(keymap.of(keys)),
            autocompletion({ override: [completionSource(catalog)], icons: false, maxRenderedOptions: 60 }),
            keymap.of([...completionKeymap, ...lintKeymap]),
            this.#name.of(this.#label()),
            this.#mode.of(this.#modes()),
            hover(catalog),
            lintGutter(),
            typed,
        ];
    }
}

const parsed = (content) => (typeof content === "string" ? JSON.parse(content) : content);

/** The part that differs, so that cursor and marks outside of it stay. */
function difference(before, after) {
    if (before === after) return undefined;
    let from = 0;
    while (from < before.length && from < after.length && before[from] === after[from]) from += 1;
    let [to, end] = [before.length, after.length];
    while (to > from && end > from && before[to - 1] === after[end - 1]) [to, end] = [to - 1, end - 1];
    return { from, to, insert: after.slice(from, end) };
}
