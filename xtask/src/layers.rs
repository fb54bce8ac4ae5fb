//! `cargo xtask layers`: a crate uses only crates of a lower layer (`docs/ARCHITECTURE.md`, section 1).

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::Failure;
use crate::cargo::{Target, cargo};

/// The layer of every package. Tests, development dependencies and the packages of [`TOOLS`] are free.
const LAYERS: [(&str, u8); 14] = [
    ("base", 0),
    ("vocabulary", 0),
    ("konsil-pdf", 0),
    ("konsil-qr", 0),
    ("room", 1),
    ("db", 1),
    ("blob", 1),
    ("net", 1),
    ("store", 2),
    ("konsil-client", 2),
    ("homeserver", 3),
    ("konsil-web", 3),
    ("konsil-http", 4),
    ("konsil", 5),
];

/// Packages outside the layers: nothing in a layer may use them.
const TOOLS: [&str; 5] = ["testkit", "tests", "growth", "xtask", "web-bundler"];

/// The server is blind to content: the client's SDK is never part of it.
const NOT_IN_SERVER: [&str; 3] = ["matrix-sdk", "matrix-sdk-base", "matrix-sdk-crypto"];

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    workspace_members: BTreeSet<String>,
    resolve: Resolve,
}

#[derive(Deserialize)]
struct Package {
    id: String,
    name: String,
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
    kind: Option<String>,
}

#[derive(Deserialize)]
struct Resolve {
    nodes: Vec<Node>,
}

#[derive(Deserialize)]
struct Node {
    id: String,
    deps: Vec<NodeDependency>,
}

#[derive(Deserialize)]
struct NodeDependency {
    pkg: String,
    dep_kinds: Vec<DependencyKind>,
}

#[derive(Deserialize)]
struct DependencyKind {
    kind: Option<String>,
}

/// Asks cargo for the graph and reports every edge that points up or sideways.
pub fn run() -> Result<(), Failure> {
    // `cargo metadata` knows no --ignore-rust-version; it does not check the version either.
    let output = std::process::Command::new(cargo("metadata", Target::Native).get_program())
        .args(["metadata", "--format-version", "1"])
        .current_dir(crate::cargo::root())
        .stderr(std::process::Stdio::inherit())
        .output()?;
    if !output.status.success() {
        return Err("cargo metadata failed".into());
    }
    let metadata: Metadata = serde_json::from_slice(&output.stdout)?;
    let found = violations(&metadata);
    if found.is_empty() {
        println!("layers: every crate uses only lower layers");
        return Ok(());
    }
    Err(format!("the layers are broken:\n  {}", found.join("\n  ")).into())
}

fn violations(metadata: &Metadata) -> Vec<String> {
    let layers = BTreeMap::from(LAYERS);
    let mut found = Vec::new();
    for package in metadata.packages.iter().filter(|it| metadata.workspace_members.contains(&it.id))
    {
        let Some(layer) = layers.get(package.name.as_str()) else {
            if !TOOLS.contains(&package.name.as_str()) {
                found.push(format!("{} has no layer: add it to xtask/src/layers.rs", package.name));
            }
            continue;
        };
        let real = package
            .dependencies
            .iter()
            .filter(|dependency| dependency.kind.as_deref() != Some("dev"));
        for dependency in real {
            let name = dependency.name.as_str();
            match layers.get(name) {
                Some(lower) if lower >= layer => {
                    found.push(format!(
                        "{} (layer {layer}) uses {name} (layer {lower})",
                        package.name
                    ));
                }
                None if TOOLS.contains(&name) => {
                    found.push(format!("{} (layer {layer}) uses {name}, a tool", package.name));
                }
                _ => {}
            }
        }
    }
    for name in reachable(metadata, "konsil") {
        if NOT_IN_SERVER.contains(&name) {
            found.push(format!(
                "konsil contains {name}: the server must not be able to read content"
            ));
        }
    }
    found
}

/// Names of all packages that are built into `root`.
fn reachable<'a>(metadata: &'a Metadata, root: &str) -> BTreeSet<&'a str> {
    let names: BTreeMap<&str, &str> = metadata
        .packages
        .iter()
        .map(|package| (package.id.as_str(), package.name.as_str()))
        .collect();
    let nodes: BTreeMap<&str, &Node> =
        metadata.resolve.nodes.iter().map(|node| (node.id.as_str(), node)).collect();
    let mut seen = BTreeSet::new();
    let mut open: Vec<&str> = metadata
        .packages
        .iter()
        .filter(|package| package.name == root)
        .map(|it| it.id.as_str())
        .collect();
    while let Some(id) = open.pop() {
        if !seen.insert(id) {
            continue;
        }
        let Some(node) = nodes.get(id) else { continue };
        let built = |dependency: &&NodeDependency| {
            dependency.dep_kinds.iter().any(|kind| kind.kind.as_deref() != Some("dev"))
        };
        open.extend(node.deps.iter().filter(built).map(|dependency| dependency.pkg.as_str()));
    }
    seen.iter().filter_map(|id| names.get(id).copied()).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// A graph of workspace members with edges `(from, to, kind)`.
    fn graph(edges: &[(&str, &str, Option<&str>)]) -> Metadata {
        let names: BTreeSet<_> = edges.iter().flat_map(|(from, to, _)| [*from, *to]).collect();
        let edges_of =
            |name: &str| edges.iter().filter(move |(from, ..)| *from == name).collect::<Vec<_>>();
        let packages: Vec<_> = names
            .iter()
            .map(|name| {
                let dependencies: Vec<_> = edges_of(name)
                    .iter()
                    .map(|(_, to, kind)| json!({"name": to, "kind": kind}))
                    .collect();
                json!({"id": name, "name": name, "dependencies": dependencies})
            })
            .collect();
        let nodes: Vec<_> = names
            .iter()
            .map(|name| {
                let deps: Vec<_> = edges_of(name)
                    .iter()
                    .map(|(_, to, kind)| json!({"pkg": to, "dep_kinds": [{"kind": kind}]}))
                    .collect();
                json!({"id": name, "deps": deps})
            })
            .collect();
        let members: Vec<_> = names.iter().filter(|name| !name.starts_with("matrix-sdk")).collect();
        serde_json::from_value(json!({
            "packages": packages, "workspace_members": members, "resolve": {"nodes": nodes},
        }))
        .unwrap()
    }

    #[test]
    fn using_a_lower_layer_is_fine() {
        assert!(violations(&graph(&[("store", "db", None), ("konsil", "store", None)])).is_empty());
    }

    #[test]
    fn using_the_same_or_a_higher_layer_is_reported() {
        assert_eq!(violations(&graph(&[("db", "room", None)])).len(), 1);
        assert_eq!(violations(&graph(&[("db", "homeserver", Some("build"))])).len(), 1);
    }

    #[test]
    fn tests_may_use_anything() {
        assert!(violations(&graph(&[("db", "testkit", Some("dev"))])).is_empty());
    }

    #[test]
    fn a_crate_without_a_layer_is_reported() {
        assert!(violations(&graph(&[("pager", "base", None)]))[0].contains("pager has no layer"));
    }

    #[test]
    fn the_clients_sdk_inside_the_server_is_reported() {
        let indirect =
            graph(&[("konsil", "homeserver", None), ("homeserver", "matrix-sdk-crypto", None)]);
        assert_eq!(violations(&indirect).len(), 1);
        let in_tests = graph(&[("konsil", "matrix-sdk", Some("dev"))]);
        assert!(violations(&in_tests).is_empty());
    }
}
