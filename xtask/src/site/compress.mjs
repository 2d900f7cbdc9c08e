// Puts a brotli and a gzip version beside each text file and module in the folder given.
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const folder = process.argv[2];
for (const name of readdirSync(folder)) {
    if (!/\.(js|css|wasm|svg)$/.test(name)) continue;
    const path = join(folder, name);
    const content = readFileSync(path);
    // The best quality takes minutes on the large module of a developer's build.
    const quality = content.length < 8_000_000 ? 11 : 4;
    const params = { [constants.BROTLI_PARAM_QUALITY]: quality, [constants.BROTLI_PARAM_SIZE_HINT]: content.length };
    writeFileSync(`${path}.br`, brotliCompressSync(content, { params }));
    writeFileSync(`${path}.gz`, gzipSync(content, { level: 9 }));
}
