// Findings of the server as marks at their place in the text.

/**
 * @typedef {{severity: string, message: string, line?: number, column?: number, end_line?: number,
 *   end_column?: number, suggestion?: string | null}} Finding
 * Lines and columns count from 1, columns in characters; the end is the place after the last one.
 */

/** The offset of a line and column, kept within the text. */
export function offset(doc, line, column) {
    const found = doc.line(Math.min(Math.max(line || 1, 1), doc.lines));
    // Characters beyond the first plane take two units of the editor's text.
    const characters = Array.from(found.text).slice(0, Math.max((column || 1) - 1, 0));
    return found.from + characters.join("").length;
}

/** @param {import("@codemirror/state").Text} doc @param {Finding[]} findings */
export function marks(doc, findings) {
    const found = findings.map((finding) => {
        const [from, to] = range(doc, finding);
        return {
            from,
            to,
            severity: ["error", "warning", "hint"].includes(finding.severity) ? finding.severity : "error",
            message: finding.message,
            actions: finding.suggestion ? [replacement(finding.suggestion)] : [],
        };
    });
    return found.sort((a, b) => a.from - b.from);
}

function range(doc, finding) {
    const from = offset(doc, finding.line, finding.column);
    const to = finding.end_line ? offset(doc, finding.end_line, finding.end_column) : from;
    if (to > from) return [from, to];
    // A place alone: the word there, or the last character before the end.
    const line = doc.lineAt(from);
    const word = line.text.slice(from - line.from).match(/^("[^"]*"|[\w$]+|\S)/)?.[0].length ?? 0;
    return word ? [from, from + word] : [Math.max(line.from, from - 1), from];
}

function replacement(suggestion) {
    const apply = (view, from, to) => {
        view.dispatch({ changes: { from, to, insert: suggestion }, userEvent: "input.complete" });
        view.focus();
    };
    return { name: `Use ${suggestion}`, apply };
}
