// A lake of its own for a test file: a data folder, and the real binary serving it.
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { createInterface } from "node:readline";

const binary = process.env.SLUICE_BIN ?? resolve("target/debug/sluice");
const site = process.env.SLUICE_SITE;
// The binary reads every SLUICE_ variable as configuration: those of the tests are not for it.
const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("SLUICE_")));

export class Lake {
    constructor() {
        this.folder = mkdtempSync(join(tmpdir(), "sluice-browser-"));
    }

    /** Runs a command of the CLI over this lake and returns what it printed. */
    run(...args) {
        const all = ["--data-dir", this.folder, ...args];
        const done = spawnSync(binary, all, { env, encoding: "utf8", timeout: 120_000 });
        if (done.status !== 0) throw new Error(`sluice ${args.join(" ")}: ${done.stderr}`);
        return done.stdout;
    }

    /** Puts a finished file into the raw folder of a dataset of dev, as another program would. */
    drop(file, dataset) {
        const folder = join(this.folder, "dev", "raw", ...dataset.split("/"));
        mkdirSync(folder, { recursive: true });
        renameSync(file, join(folder, basename(file)));
    }

    /** Another link that signs in once. */
    signInLink() {
        return this.run("sign-in-link", "--public-url", this.url).match(/https?:\S+/)[0];
    }

    /** Starts `sluice serve` and waits for its one-time link. */
    async serve() {
        const args = ["--data-dir", this.folder, "serve", "--listen", "127.0.0.1:0", "--sign-in", "link"];
        if (site) args.push("--site", site);
        this.process = spawn(binary, args, { env, stdio: ["ignore", "pipe", "pipe"] });
        this.log = "";
        this.process.stderr.on("data", (text) => (this.log += text));
        const ended = new Promise((_, reject) => {
            this.process.on("exit", (code) => reject(new Error(`sluice serve ended with ${code}: ${this.log}`)));
        });
        ended.catch(() => {});
        const ready = (async () => {
            for await (const line of createInterface({ input: this.process.stdout })) {
                const found = line.match(/https?:\/\/\S+/);
                if (found) return found[0];
            }
        })();
        this.link = await Promise.race([ready, ended]);
        this.url = new URL(this.link).origin;
    }

    async stop() {
        if (this.process && this.process.exitCode === null) {
            const ended = new Promise((done) => this.process.once("exit", done));
            this.process.kill("SIGTERM");
            const patience = setTimeout(() => this.process.kill("SIGKILL"), 12_000);
            await ended;
            clearTimeout(patience);
        }
        rmSync(this.folder, { recursive: true, force: true });
    }
}
