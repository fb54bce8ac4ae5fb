//! `docs/endpoints.md` says of every endpoint of the specification what becomes of it here. It is written from the route
//! table: `KONSIL_WRITE_DOCS=1 cargo test -p konsil-http --test endpoints`.

use std::{collections::BTreeSet, fmt::Write, path::Path};

use konsil_http::Route;

const SPECIFIED: &str = include_str!("endpoints/client-server-v1.19.txt");
const DOCS: &str = "../../docs/endpoints.md";

const PREFACE: &str = "\
# Endpoints

What becomes of every endpoint of the [client-server specification v1.19](https://spec.matrix.org/v1.19/client-server-api/) in Konsil.
Written from the route table by `KONSIL_WRITE_DOCS=1 cargo test -p konsil-http --test endpoints`; the same test fails while this
page and the routes differ, or an endpoint of the specification is missing here.

Besides, in requests that are done: `POST /register?kind=guest` answers 403 `M_GUEST_ACCESS_FORBIDDEN`, since there are no guests; without a
token of the operator it answers 403 `M_FORBIDDEN` (IV.b). An invitation by e-mail address or telephone number answers 403
`M_THREEPID_DENIED`. Signing in by QR code is not in v1.19: its text has no rendezvous endpoint and its login flows need an OAuth 2.0 server,
so there is none here.
";

/// An endpoint with its variables made alike: the specification and ruma name them differently.
fn key(method: &str, path: &str) -> String {
    let mut key = format!("{method} ");
    let mut variable = false;
    for letter in path.chars() {
        match letter {
            '{' => {
                variable = true;
                key.push_str("{}");
            }
            '}' => variable = false,
            letter if !variable => key.push(letter),
            _ => {}
        }
    }
    key
}

fn key_of(route: &Route) -> String {
    key(route.method.as_str(), route.path)
}

struct Specified<'a> {
    method: &'a str,
    path: &'a str,
    deprecated: bool,
}

/// The chapters of the specification with their endpoints.
fn specified() -> Vec<(&'static str, Vec<Specified<'static>>)> {
    let mut chapters: Vec<(&str, Vec<_>)> = Vec::new();
    for line in SPECIFIED.lines().skip(1) {
        if let Some(chapter) = line.strip_prefix("# ") {
            chapters.push((chapter, Vec::new()));
        } else if let Some((method, path)) = line.split_once(' ') {
            let (path, deprecated) = match path.strip_suffix(" deprecated") {
                Some(path) => (path, true),
                None => (path, false),
            };
            let chapter = chapters.last_mut().expect("an endpoint stands in a chapter");
            chapter.1.push(Specified { method, path, deprecated });
        }
    }
    chapters
}

fn written(routes: &[Route]) -> String {
    let mut page = PREFACE.to_owned();
    let mut in_specification = BTreeSet::new();
    for (chapter, endpoints) in specified() {
        let _ = write!(page, "\n## {chapter}\n\n| endpoint | |\n| --- | --- |\n");
        for endpoint in endpoints {
            let key = key(endpoint.method, endpoint.path);
            let route = routes.iter().find(|route| key_of(route) == key);
            let state = match route.map(|route| route.refused) {
                Some(None) => "done".to_owned(),
                Some(Some(why)) => format!("refused: {why}"),
                None => "not there yet".to_owned(),
            };
            let note = if endpoint.deprecated { " (deprecated)" } else { "" };
            let _ = writeln!(page, "| `{} {}`{note} | {state} |", endpoint.method, endpoint.path);
            in_specification.insert(key);
        }
    }
    let others = routes.iter().filter(|route| !in_specification.contains(&key_of(route)));
    let (older, further): (Vec<_>, Vec<_>) = others.partition(|route| {
        let current = route.path.replace("/r0/", "/v3/");
        current != route.path && in_specification.contains(&key(route.method.as_str(), &current))
    });
    let _ = write!(
        page,
        "\n## Beyond the specification\n\nPaths of earlier drafts that clients in the field still call, proposals that matrix-sdk uses, and Konsil's own.\n\n"
    );
    for line in sorted(&further) {
        let _ = writeln!(page, "- {line}");
    }
    let _ = write!(
        page,
        "\n## Paths of before v1.1\n\nAs their successors under `/v3/`: {}.\n",
        sorted(&older).join(", ")
    );
    page
}

fn sorted(routes: &[&Route]) -> Vec<String> {
    let lines: BTreeSet<_> =
        routes.iter().map(|route| (route.path, route.method.as_str())).collect();
    lines.into_iter().map(|(path, method)| format!("`{method} {path}`")).collect()
}

#[test]
fn every_endpoint_of_the_specification_is_done_or_refused_for_a_reason() {
    let routes: BTreeSet<_> = konsil_http::table().iter().map(key_of).collect();
    let missing: Vec<_> = specified()
        .into_iter()
        .flat_map(|(_, endpoints)| endpoints)
        .filter(|endpoint| !routes.contains(&key(endpoint.method, endpoint.path)))
        .map(|endpoint| format!("{} {}", endpoint.method, endpoint.path))
        .collect();
    assert!(missing.is_empty(), "neither routed nor refused: {missing:#?}");
}

#[test]
fn the_page_says_what_the_routes_do() {
    let page = written(&konsil_http::table());
    if std::env::var_os("KONSIL_WRITE_DOCS").is_some() {
        std::fs::write(DOCS, &page).expect("docs/ is writable");
    }
    let kept = std::fs::read_to_string(Path::new(DOCS)).unwrap_or_default();
    let differs = page.lines().zip(kept.lines()).find(|(new, old)| new != old);
    assert!(
        page == kept,
        "docs/endpoints.md is old: KONSIL_WRITE_DOCS=1 cargo test -p konsil-http --test endpoints\nfirst difference: {differs:?}"
    );
}
