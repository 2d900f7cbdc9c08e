//! The console's module: cargo for wasm32, cut into one file per page, wasm-bindgen as a library,
//! wasm-opt from npm.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::thread;

use anyhow::{Context, Result, anyhow, ensure};
use wasm_bindgen_cli_support::Bindgen;
use wasm_split_cli_support::{Options, SplitWasm, transform};

use super::{Asset, read, scripts};
use crate::wasm_target::{self, TARGET};
use crate::workspace::Workspace;

/// What the browser runs.
pub(super) struct Module {
    /// The script that loads the module.
    pub(super) script: Asset,
    /// The part that every page needs.
    pub(super) main: Asset,
    /// The script that loads further parts.
    pub(super) loader: Asset,
    /// The further parts.
    pub(super) parts: Vec<Asset>,
    /// Which of the parts a page needs, by the name that Leptos gives the page.
    pub(super) parts_of: BTreeMap<String, Vec<String>>,
}

impl Module {
    /// All its files.
    pub(super) fn files(&self) -> impl Iterator<Item = &Asset> {
        [&self.script, &self.main, &self.loader].into_iter().chain(&self.parts)
    }
}

/// Compiles `app/hydrate` and returns the path of the module.
pub(super) fn compile(workspace: &Workspace, dev: bool) -> Result<PathBuf> {
    let (profile, folder) = if dev { ("dev", "debug") } else { ("wasm", "wasm") };
    wasm_target::ensure()?;
    let mut cargo = workspace.cargo(&["rustc", "--package", "sluice-hydrate", "--lib"]);
    cargo.args(["--target", TARGET, "--profile", profile]);
    // The splitter follows relocations to know what needs what.
    let status = cargo.args(["--", "-C", "link-args=--emit-relocs"]).status()?;
    ensure!(status.success(), "the console could not be built; see cargo's messages above");
    Ok(workspace.target().join(TARGET).join(folder).join("hydrate.wasm"))
}

/// Makes scripts and modules for the browser. They name each other, so they share one `version` in
/// their names instead of a hash of each one's content.
pub(super) fn bind(compiled: &Path, packages: &Path, dev: bool, version: &str) -> Result<Module> {
    let folder = compiled.with_file_name("hydrate-bound");
    let _ = fs::remove_dir_all(&folder);
    let script = Asset { name: format!("console.{version}.js"), content: Vec::new() };
    let loader = Asset { name: format!("parts.{version}.js"), content: Vec::new() };
    let split = cut(compiled, &folder, &script.name, &loader.name)?;
    Bindgen::new()
        .input_path(folder.join("main.wasm"))
        .out_name("console")
        .web(true)?
        .typescript(false)
        .omit_default_module_path(true)
        // The parts share the table of functions, which only the linker's export names.
        .keep_lld_exports(true)
        .remove_name_section(!dev)
        .remove_producers_section(!dev)
        .generate(&folder)
        .context("wasm-bindgen failed")?;
    ensure!(
        !folder.join("snippets").exists(),
        "scripts beside the module are not served: see {}",
        folder.display()
    );
    let main = folder.join("console_bg.wasm");
    let mut modules = split.split_modules.clone();
    // The largest first: the others fill the time that it takes.
    modules.insert(0, main.clone());
    let mut contents = each(&modules, |path| if dev { read(path) } else { small(path, packages) })?;
    let main_content = contents.remove(&main).context("the first part")?;
    let versioned = |name: &str| format!("{name}.{version}.wasm");
    let mut names = BTreeMap::new();
    let mut parts = Vec::new();
    for (path, content) in contents {
        let name = path.file_stem().and_then(|name| name.to_str()).context("a part's name")?;
        names.insert(name.to_owned(), versioned(name));
        parts.push(Asset { name: versioned(name), content });
    }
    let loads = folder.join("parts.js");
    fs::write(&loads, rename(&fs::read_to_string(folder.join(&loader.name))?, &names))?;
    let text = |path: &Path| if dev { read(path) } else { scripts::minified(path, packages) };
    Ok(Module {
        script: Asset { content: text(&folder.join("console.js"))?, ..script },
        main: Asset { name: versioned("console"), content: main_content },
        loader: Asset { content: text(&loads)?, ..loader },
        parts,
        parts_of: parts_of(&split, &names),
    })
}

/// Does the same with each module, as many at a time as there are cores.
fn each(
    modules: &[PathBuf],
    work: impl Fn(&Path) -> Result<Vec<u8>> + Sync,
) -> Result<BTreeMap<PathBuf, Vec<u8>>> {
    let queue = Mutex::new(modules.iter());
    let next = || queue.lock().ok().and_then(|mut queue| queue.next());
    let worker = || -> Result<Vec<_>> {
        let mut done = Vec::new();
        while let Some(module) = next() {
            done.push((module.clone(), work(module)?));
        }
        Ok(done)
    };
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let done = thread::scope(|scope| {
        let workers: Vec<_> = (0..cores).map(|_| scope.spawn(worker)).collect();
        workers.into_iter().map(|worker| worker.join().ok()).collect::<Vec<_>>()
    });
    let done = done.into_iter().map(|worker| worker.context("a worker panicked")?);
    Ok(done.collect::<Result<Vec<_>>>()?.into_iter().flatten().collect())
}

/// Cuts the module at each page.
fn cut(compiled: &Path, folder: &Path, script: &str, loader: &str) -> Result<SplitWasm> {
    let input = read(compiled)?;
    let (main, script, loader) =
        (folder.join("main.wasm"), format!("./{script}"), format!("./{loader}"));
    let mut options = Options::new(&input);
    options.output_dir = folder;
    options.main_out_path = &main;
    options.link_name = &loader;
    options.main_module = &script;
    fs::create_dir_all(folder)?;
    transform(options).map_err(|error| anyhow!("the module could not be cut: {error:#}"))
}

/// The loader's text with the names under which the parts are served.
fn rename(loader: &str, names: &BTreeMap<String, String>) -> String {
    names.iter().fold(loader.to_owned(), |text, (name, served)| {
        text.replace(&format!("\"./{name}.wasm\""), &format!("\"./{served}\""))
    })
}

fn parts_of(split: &SplitWasm, names: &BTreeMap<String, String>) -> BTreeMap<String, Vec<String>> {
    let served = |parts: &Vec<String>| {
        parts.iter().filter_map(|part| names.get(part).cloned()).collect::<Vec<_>>()
    };
    split.prefetch_map.iter().map(|(page, parts)| (page.clone(), served(parts))).collect()
}

/// The module made small. The original stays beside it, with the names of its functions.
fn small(module: &Path, packages: &Path) -> Result<Vec<u8>> {
    let result = module.with_extension("small");
    // Its warnings are about names that only readers of a module see.
    let output = Command::new(packages.join(".bin/wasm-opt"))
        .args(["-Oz", "--enable-bulk-memory", "--enable-nontrapping-float-to-int"])
        .args(["--enable-sign-ext", "--enable-mutable-globals", "--enable-multivalue"])
        .args(["--enable-reference-types", "--enable-bulk-memory-opt"])
        .args([Path::new("-o"), &result, module])
        .output()
        .context("cannot start wasm-opt of the npm package binaryen")?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "wasm-opt failed on {}: {said}", module.display());
    read(&result)
}
