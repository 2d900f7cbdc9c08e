// The lake repository of a lake, as a team works on it: a clone, commits under a name, pushes.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

export class Repository {
    /** A clone of the repository that `lake` serves. */
    constructor(lake) {
        this.folder = mkdtempSync(join(tmpdir(), "sluice-repository-"));
        this.git("init", "--initial-branch", "main");
        this.git("remote", "add", "origin", join(lake.folder, "lake.git"));
    }

    /** Writes files by path, commits them as `author` and pushes main. */
    push(author, message, files) {
        for (const [path, text] of Object.entries(files)) {
            mkdirSync(dirname(join(this.folder, path)), { recursive: true });
            writeFileSync(join(this.folder, path), text);
        }
        this.git("add", "--all");
        const email = `${author}@example.org`;
        this.git("-c", `user.name=${author}`, "-c", `user.email=${email}`, "commit", "-m", message);
        this.git("push", "origin", "main");
    }

    git(...args) {
        const done = spawnSync("git", args, { cwd: this.folder, encoding: "utf8" });
        if (done.status !== 0) throw new Error(`git ${args.join(" ")}: ${done.stderr}`);
    }

    remove() {
        rmSync(this.folder, { recursive: true, force: true });
    }
}

const environment = (name, branch, account, cidr, rest = "") => `
[[environments]]
name = "${name}"
branch = "${branch}"
account = "${account}"
region = "eu-central-1"
vpc_cidr = "${cidr}"
parameters = { ServerRoleArn = "arn:aws:iam::444444444444:role/sluice-server" }
${rest}`;

/** A lake with one source over dev, test and prod; prod asks for one approval. */
export const LAKE = {
    "sluice.toml": `[lake]
logical_id_prefix = "Shop"
resource_name_prefix = "shop"

[tags]
cost_center = "4711"
team = "shop"
application = "lake"

[catalog]
conformed_database = "shop_conformed"
purpose_built_database = "shop_built"
${environment("dev", "main", "111111111111", "10.20.0.0/24")}
${environment("test", "test", "222222222222", "10.10.0.0/24")}
${environment("prod", "production", "333333333333", "10.0.0.0/24", "protected = true\n\n[environments.approval]\napprovers = 1\n")}`,
    "sources/shop/orders.toml": `dataset = "shop/orders"
owner = "shop"
format = { type = "csv" }

[[columns]]
name = "customer"
source_name = "Customer"
type = "string"
nullable = true

[[columns]]
name = "amount"
source_name = "Amount"
type = "double"
nullable = true
`,
    "transformations/shop/orders.sql": `SELECT customer, sum(amount) AS total, year, month, day
FROM "shop_conformed"."orders"
GROUP BY customer, year, month, day
`,
};
