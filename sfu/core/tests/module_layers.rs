//! The modules of this crate are layers, and no two files of it need each other.
//!
//! The tests read every path that names another module of the crate (`crate::…`, `super::…`, or a
//! child by its name), in imports, types and expressions alike. Code for tests (`#[cfg(test)]`) may
//! use whatever it tests.
#![expect(clippy::unwrap_used, reason = "a source that cannot be read fails the test")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use syn::visit::{self, Visit};

/// The modules at the top of the crate, from the highest layer down. A module may use those of
/// lower rows, and none of its own row.
const LAYERS: &[&[&str]] = &[
    &["fuzzing"],
    &["shard"],
    &["room"],
    &["peer", "tap"],
    &["transport"],
    &["codecs", "egress", "numbering", "opening", "receiver", "redundancy", "sdp"],
    &["datagrams", "events", "forward"],
    &["commands", "error", "munge", "path"],
    &[
        "allocation",
        "allowance",
        "climb",
        "data",
        "format",
        "framing",
        "layer_rate",
        "layers",
        "levels",
        "loudest",
        "spotlight",
        "stun",
    ],
    &["slots", "track_parts"],
    &["bandwidth", "keyframes", "limits"],
    &["bitrate", "containment", "counters", "ids", "silence"],
];

/// Modules by the segments of their path, with the modules each of them names.
type Graph = BTreeMap<Vec<String>, BTreeSet<Vec<String>>>;

/// Collects the modules that one file names.
struct Names<'a> {
    module: &'a [String],
    modules: &'a BTreeSet<Vec<String>>,
    named: BTreeSet<Vec<String>>,
}

impl Names<'_> {
    /// Notes the module that a path leads into: the longest part of it that is one.
    fn note(&mut self, segments: &[String]) {
        let (base, rest) = match segments.first().map(String::as_str) {
            Some("crate") => (&self.module[..0], &segments[1..]),
            Some("super") => (&self.module[..self.module.len().saturating_sub(1)], &segments[1..]),
            Some("self") => (self.module, &segments[1..]),
            // A child module, as `mod.rs` names it.
            Some(child) if self.is_module(self.module, child) => (self.module, segments),
            _ => return,
        };
        let mut found = base.to_vec();
        for segment in rest {
            if !self.is_module(&found, segment) {
                break;
            }
            found.push(segment.clone());
        }
        if found != self.module {
            self.named.insert(found);
        }
    }

    fn is_module(&self, parent: &[String], name: &str) -> bool {
        self.modules.contains(&[parent, &[name.to_owned()]].concat())
    }

    fn note_tree(&mut self, before: &[String], tree: &syn::UseTree) {
        let with = |ident: &syn::Ident| [before, &[ident.to_string()]].concat();
        match tree {
            syn::UseTree::Path(path) => self.note_tree(&with(&path.ident), &path.tree),
            syn::UseTree::Name(name) => self.note(&with(&name.ident)),
            syn::UseTree::Rename(rename) => self.note(&with(&rename.ident)),
            syn::UseTree::Glob(_) => self.note(before),
            syn::UseTree::Group(group) => group.items.iter().for_each(|tree| self.note_tree(before, tree)),
        }
    }
}

fn is_for_tests(attributes: &[syn::Attribute]) -> bool {
    let is_test =
        |a: &syn::Attribute| a.path().is_ident("cfg") && a.parse_args::<syn::Path>().is_ok_and(|p| p.is_ident("test"));
    attributes.iter().any(is_test)
}

impl<'ast> Visit<'ast> for Names<'_> {
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        if !is_for_tests(&item.attrs) {
            visit::visit_item_mod(self, item);
        }
    }

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        if !is_for_tests(&item.attrs) {
            visit::visit_item_impl(self, item);
        }
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        if !is_for_tests(&item.attrs) {
            self.note_tree(&[], &item.tree);
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let segments: Vec<String> = path.segments.iter().map(|s| s.ident.to_string()).collect();
        if segments.len() > 1 {
            self.note(&segments);
        }
        visit::visit_path(self, path);
    }
}

fn read_files(folder: &Path, module: &[String], files: &mut BTreeMap<Vec<String>, String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let inside = [module, std::slice::from_ref(&name)].concat();
        if path.is_dir() {
            read_files(&path, &inside, files);
        } else if path.extension().is_some_and(|e| e == "rs") {
            let module = if name == "mod" || name == "lib" { module.to_vec() } else { inside };
            files.insert(module, fs::read_to_string(&path).unwrap());
        }
    }
}

fn graph_of(files: &BTreeMap<Vec<String>, String>) -> Graph {
    let modules: BTreeSet<Vec<String>> = files.keys().cloned().collect();
    let mut graph = Graph::new();
    for (module, text) in files {
        let mut names = Names { module, modules: &modules, named: BTreeSet::new() };
        names.visit_file(&syn::parse_file(text).unwrap());
        graph.insert(module.clone(), names.named);
    }
    graph
}

fn graph() -> Graph {
    let mut files = BTreeMap::new();
    read_files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &[], &mut files);
    graph_of(&files)
}

fn layer_of(module: &str) -> Option<usize> {
    LAYERS.iter().position(|row| row.contains(&module))
}

/// Uses that do not point downwards, and modules without a place.
fn violations(graph: &Graph) -> Vec<String> {
    let mut found = Vec::new();
    for (module, named) in graph.iter().filter(|(module, _)| !module.is_empty()) {
        let Some(layer) = layer_of(&module[0]) else {
            found.push(format!("{} has no layer", module[0]));
            continue;
        };
        for other in named {
            let is_below = match other.first() {
                // The root only re-exports.
                None => false,
                Some(top) => *top == module[0] || layer_of(top).is_some_and(|below| below > layer),
            };
            if !is_below {
                found.push(format!("{} uses crate::{}", module.join("::"), other.join("::")));
            }
        }
    }
    found
}

/// Files in a circle of uses, if there is one.
fn circle(graph: &Graph) -> Option<Vec<String>> {
    let mut left: BTreeMap<&Vec<String>, BTreeSet<&Vec<String>>> =
        graph.iter().filter(|(m, _)| !m.is_empty()).map(|(m, named)| (m, named.iter().collect())).collect();
    // Take away files that use none that is left, as long as there are some; then those that
    // nothing left uses.
    loop {
        let present: BTreeSet<&Vec<String>> = left.keys().copied().collect();
        let used: BTreeSet<&Vec<String>> = left.values().flatten().copied().collect();
        let before = left.len();
        left.retain(|module, named| used.contains(*module) && named.iter().any(|n| present.contains(*n)));
        if left.is_empty() {
            return None;
        }
        if left.len() == before {
            return Some(left.keys().map(|m| m.join("::")).collect());
        }
    }
}

#[test]
fn modules_use_lower_layers_only() {
    assert_eq!(violations(&graph()), Vec::<String>::new());
}

#[test]
fn no_two_files_need_each_other() {
    assert_eq!(circle(&graph()), None);
}

/// The graph of files that are made up: a module's name, and its text.
fn planted(files: &[(&str, &str)]) -> Graph {
    let path = |name: &str| name.split("::").map(str::to_owned).collect();
    graph_of(&files.iter().map(|(name, text)| (path(name), (*text).to_owned())).collect())
}

#[test]
fn a_use_that_points_upwards_is_found_however_it_is_written() {
    for text in [
        "use crate::shard::ShardConfig;",
        "use crate::{ids, shard::{self, Shard}};",
        "fn f() { crate::shard::Shard::new(); }",
        "struct S { shard: Option<crate::shard::Shard> }",
        "use super::shard::Shard;",
    ] {
        let graph = planted(&[("transport", text), ("shard", ""), ("ids", "")]);
        assert_eq!(violations(&graph), ["transport uses crate::shard"], "{text}");
    }
    let for_tests = "#[cfg(test)] mod tests { use crate::shard::Shard; }";
    assert!(violations(&planted(&[("transport", for_tests), ("shard", "")])).is_empty());
    assert_eq!(violations(&planted(&[("novelty", "")])), ["novelty has no layer"]);
}

#[test]
fn a_circle_inside_a_folder_is_found() {
    let circular = [("peer", "use single::Single;"), ("peer::single", "use super::Peer;"), ("peer::section", "")];
    assert_eq!(circle(&planted(&circular)), Some(vec!["peer".to_owned(), "peer::single".to_owned()]));
    assert_eq!(
        circle(&planted(&[
            ("peer", "use single::Single;"),
            ("peer::single", "use super::section::Section;"),
            ("peer::section", "")
        ])),
        None
    );
}
