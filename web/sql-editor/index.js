// The console's SQL editor and SQL diff, as custom elements. Bundled by `cargo xtask site`, loaded
// by the pages that show one (`app/src/components/sql_editor.rs`).
import { SqlDiff } from "./diff.js";
import { SqlEditor } from "./editor.js";
import { ResultGrid } from "../result-grid/grid.js";

customElements.define("result-grid", ResultGrid);
customElements.define("sql-editor", SqlEditor);
customElements.define("sql-diff", SqlDiff);
