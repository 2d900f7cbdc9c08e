// What editor and diff share: language, looks, reading by keyboard.
import { defaultKeymap, history, historyKeymap, indentWithTab, temporarilySetTabFocusMode } from "@codemirror/commands";
import { bracketMatching, indentUnit } from "@codemirror/language";
import { highlightSelectionMatches, search, searchKeymap } from "@codemirror/search";
import { EditorState } from "@codemirror/state";
import { EditorView, drawSelection, highlightActiveLineGutter, highlightSpecialChars, keymap, lineNumbers } from "@codemirror/view";
import { language } from "./dialect.js";
import { nonce, theme } from "./theme.js";

/** For text that is shown. */
export function reading(label) {
    return [
        EditorView.cspNonce.of(nonce()),
        // The text is what the keyboard scrolls, so it says that the keyboard reaches it.
        EditorView.contentAttributes.of({ "aria-label": label, spellcheck: "false", autocapitalize: "off", tabindex: "0" }),
        EditorView.lineWrapping,
        lineNumbers(),
        highlightSpecialChars(),
        language,
        theme,
        search({ top: true }),
        keymap.of([...searchKeymap, ...defaultKeymap]),
    ];
}

/** For text that must not change; the keyboard still reaches it. */
export const fixed = [EditorState.readOnly.of(true), EditorView.contentAttributes.of({ "aria-readonly": "true" })];

/**
 * Typing over a selection, done here: the browser's own way puts style attributes on what it joins,
 * which the page's policy refuses.
 */
const typeOver = EditorView.domEventHandlers({
    beforeinput(event, view) {
        const typed = event.inputType === "insertText" && !event.isComposing && event.data;
        if (!typed || view.state.selection.main.empty || /^["'([{]$/.test(typed)) return false;
        view.dispatch(view.state.replaceSelection(typed), { userEvent: "input.type", scrollIntoView: true });
        return true;
    },
});

/** For text that is written. Tab indents; after Escape it leaves, so that nobody is caught. */
export const writing = [
    history(),
    typeOver,
    drawSelection(),
    bracketMatching(),
    highlightActiveLineGutter(),
    highlightSelectionMatches(),
    indentUnit.of("  "),
    keymap.of([...historyKeymap, indentWithTab, { key: "Escape", run: temporarilySetTabFocusMode }]),
];
