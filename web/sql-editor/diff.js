// `<sql-diff label-before="Version 1" label-after="Version 2"><pre>…</pre><pre>…</pre></sql-diff>`
import { MergeView, unifiedMergeView } from "@codemirror/merge";
import { EditorState } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { fixed, reading } from "./setup.js";

/** Below this width in pixels two columns of SQL cannot be read. */
const NARROW = 720;
const COLLAPSE = { margin: 3, minSize: 6 };

/** Two texts side by side, one below the other where there is no room. Properties: `before`, `after`. */
export class SqlDiff extends HTMLElement {
    static observedAttributes = ["label-before", "label-after"];
    #texts = {};
    #shown;
    #narrow;
    #host;
    #sizes = new ResizeObserver(() => this.#draw(false));

    connectedCallback() {
        for (const name of ["before", "after"]) {
            if (Object.hasOwn(this, name)) {
                this.#texts[name] = this[name];
                delete this[name];
            }
        }
        this.#draw(true);
        this.#sizes.observe(this);
        this.dataset.ready = "true";
    }

    disconnectedCallback() {
        this.#sizes.disconnect();
        queueMicrotask(() => {
            if (!this.isConnected) this.#clear();
        });
    }

    attributeChangedCallback() {
        if (this.isConnected) this.#draw(true);
    }

    get before() {
        return this.#text("before", 0);
    }

    set before(text) {
        this.#set("before", text);
    }

    get after() {
        return this.#text("after", 1);
    }

    set after(text) {
        this.#set("after", text);
    }

    #text(name, at) {
        return this.#texts[name] ?? this.querySelectorAll(":scope > pre")[at]?.textContent ?? "";
    }

    #set(name, text) {
        if (this.#texts[name] === text) return;
        this.#texts[name] = text;
        if (this.isConnected) this.#draw(true);
    }

    #clear() {
        this.#shown?.destroy();
        this.#host?.remove();
        this.#shown = this.#host = undefined;
    }

    #draw(changed) {
        const narrow = this.clientWidth > 0 && this.clientWidth < NARROW;
        if (!changed && narrow === this.#narrow) return;
        this.#narrow = narrow;
        this.#clear();
        for (const plain of this.querySelectorAll(":scope > pre")) plain.hidden = true;
        this.#host = this.appendChild(document.createElement("div"));
        this.#host.className = "sql-diff-view";
        this.#shown = narrow ? this.#one() : this.#two();
    }

    #labels() {
        return ["before", "after"].map((name) => this.getAttribute(`label-${name}`) || name);
    }

    #two() {
        const [before, after] = this.#labels();
        const side = (doc, label) => ({ doc, extensions: [reading(label), fixed] });
        const a = side(this.before, before);
        const b = side(this.after, after);
        return new MergeView({ a, b, parent: this.#host, collapseUnchanged: COLLAPSE, gutter: true });
    }

    #one() {
        const [before, after] = this.#labels();
        const merge = unifiedMergeView({ original: this.before, mergeControls: false, collapseUnchanged: COLLAPSE });
        const extensions = [reading(`${before}, then ${after}`), fixed, merge];
        return new EditorView({ parent: this.#host, state: EditorState.create({ doc: this.after, extensions }) });
    }
}
