// The editor in the colours of the console: every colour is a token, so that light and dark follow
// the page.
import { HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { EditorView } from "@codemirror/view";
import { tags } from "@lezer/highlight";

const looks = EditorView.theme({
    "&": { color: "var(--text)", backgroundColor: "var(--surface)", fontSize: "var(--size-s)" },
    "&.cm-focused": { outline: "2px solid var(--focus)", outlineOffset: "-1px" },
    ".cm-scroller": { fontFamily: "var(--font-mono)", lineHeight: "1.6", overflow: "auto" },
    ".cm-content": { caretColor: "var(--text)", padding: "var(--space-2) 0" },
    ".cm-cursor, .cm-dropCursor": { borderLeftColor: "var(--text)" },
    "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": {
        background: "var(--scale-1)",
    },
    ".cm-gutters": { background: "var(--surface-sunk)", color: "var(--text-muted)", borderRight: "1px solid var(--line)" },
    ".cm-activeLine": { backgroundColor: "transparent" },
    ".cm-activeLineGutter": { backgroundColor: "transparent", color: "var(--text)" },
    ".cm-matchingBracket, &.cm-focused .cm-matchingBracket": { background: "var(--accent-soft)", outline: "1px solid var(--accent)" },
    ".cm-nonmatchingBracket, &.cm-focused .cm-nonmatchingBracket": { background: "var(--bad-soft)", outline: "1px solid var(--bad)" },
    ".cm-selectionMatch": { background: "var(--accent-soft)" },
    ".cm-searchMatch": { background: "var(--wait-soft)", outline: "1px solid var(--wait)" },
    ".cm-searchMatch-selected": { background: "var(--accent-soft)", outline: "2px solid var(--accent)" },
    ".cm-panels": { background: "var(--surface-sunk)", color: "var(--text)", fontFamily: "var(--font-text)" },
    ".cm-panels.cm-panels-top": { borderBottom: "1px solid var(--line)" },
    ".cm-panels.cm-panels-bottom": { borderTop: "1px solid var(--line)" },
    ".cm-panel.cm-search": { padding: "var(--space-2) var(--space-6) var(--space-2) var(--space-3)", fontSize: "var(--size-s)" },
    ".cm-panel.cm-search label": { fontSize: "var(--size-s)", marginRight: "var(--space-2)" },
    ".cm-panel.cm-search [name=close]": { color: "var(--text)", width: "1.5rem", height: "1.5rem", top: "var(--space-2)" },
    ".cm-textfield": { background: "var(--surface)", border: "1px solid var(--line-strong)", borderRadius: "var(--radius-s)", color: "var(--text)", fontSize: "var(--size-s)", minHeight: "1.75rem" },
    ".cm-button": { background: "var(--surface)", backgroundImage: "none", border: "1px solid var(--line-strong)", borderRadius: "var(--radius-s)", color: "var(--text)", fontSize: "var(--size-s)", minHeight: "1.75rem" },
    ".cm-button:active": { backgroundImage: "none", background: "var(--surface-hover)" },
    ".cm-tooltip": { background: "var(--surface)", color: "var(--text)", border: "1px solid var(--line-strong)", borderRadius: "var(--radius-m)", boxShadow: "var(--shadow-high)", fontFamily: "var(--font-text)", maxWidth: "min(34rem, 90vw)" },
    ".cm-tooltip.cm-tooltip-autocomplete > ul": { fontFamily: "var(--font-mono)", fontSize: "var(--size-s)", maxHeight: "18rem" },
    ".cm-tooltip.cm-tooltip-autocomplete > ul > li": { padding: "0.1875rem var(--space-2)" },
    ".cm-tooltip-autocomplete ul li[aria-selected]": { background: "var(--accent-soft)", color: "var(--accent-strong)" },
    ".cm-completionDetail": { color: "var(--text-muted)", fontStyle: "normal", marginLeft: "var(--space-3)" },
    ".cm-completionMatchedText": { textDecoration: "none", fontWeight: "700" },
    ".cm-completionInfo": { padding: "var(--space-2) var(--space-3)", whiteSpace: "pre-line", fontSize: "var(--size-s)" },
    ".cm-about": { padding: "var(--space-2) var(--space-3)", fontSize: "var(--size-s)", whiteSpace: "pre-wrap" },
    ".cm-about p": { margin: "0", color: "var(--text-muted)" },
    ".cm-diagnostic": { padding: "var(--space-2) var(--space-3)", fontSize: "var(--size-s)" },
    ".cm-diagnostic-error": { borderLeft: "4px solid var(--bad)" },
    ".cm-diagnostic-warning": { borderLeft: "4px solid var(--wait)" },
    ".cm-diagnostic-hint": { borderLeft: "4px solid var(--busy)" },
    ".cm-diagnosticAction": { background: "var(--accent)", color: "var(--on-accent)", borderRadius: "var(--radius-s)", fontSize: "var(--size-xs)" },
    ".cm-lintRange-error": { backgroundImage: "none", textDecoration: "underline wavy var(--bad)", textUnderlineOffset: "3px" },
    ".cm-lintRange-warning": { backgroundImage: "none", textDecoration: "underline wavy var(--wait)", textUnderlineOffset: "3px" },
    ".cm-lintRange-hint": { backgroundImage: "none", textDecoration: "underline dotted var(--busy)", textUnderlineOffset: "3px" },
    ".cm-lintRange-active": { backgroundColor: "var(--bad-soft)" },
    ".cm-lintPoint::after": { borderBottomColor: "var(--bad)" },
    ".cm-changedLine, &.cm-merge-b .cm-changedLine": { background: "var(--good-soft)" },
    "&.cm-merge-a .cm-changedLine, .cm-deletedChunk": { background: "var(--bad-soft)" },
    "&.cm-merge-a .cm-changedText, .cm-deletedChunk .cm-deletedText": { background: "none", boxShadow: "inset 0 -2px var(--bad)" },
    "&.cm-merge-b .cm-changedText, .cm-changedText": { background: "none", boxShadow: "inset 0 -2px var(--good)" },
    "&.cm-merge-a .cm-changedLineGutter, .cm-deletedLineGutter": { background: "var(--bad)" },
    "&.cm-merge-b .cm-changedLineGutter, .cm-changedLineGutter": { background: "var(--good)" },
    ".cm-collapsedLines": { background: "var(--surface-sunk)", color: "var(--text-muted)", fontFamily: "var(--font-text)" },
});

const colours = HighlightStyle.define([
    { tag: tags.keyword, color: "var(--accent-strong)", fontWeight: "600" },
    { tag: [tags.string, tags.special(tags.string)], color: "var(--good)" },
    { tag: [tags.number, tags.bool, tags.null], color: "var(--busy)" },
    { tag: [tags.standard(tags.name), tags.typeName], color: "var(--wait)" },
    { tag: [tags.lineComment, tags.blockComment], color: "var(--text-muted)", fontStyle: "italic" },
    { tag: [tags.operator, tags.punctuation, tags.paren, tags.brace, tags.squareBracket], color: "var(--text-muted)" },
]);

/** The page's nonce: the policy allows style elements that carry it. */
export function nonce() {
    return document.querySelector("script[nonce]")?.nonce ?? "";
}

export const theme = [looks, syntaxHighlighting(colours)];
