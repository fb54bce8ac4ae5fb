//! The Chrome DevTools protocol over its own WebSocket, for what it says in events: WebDriver passes only answers on.
//! <https://chromedevtools.github.io/devtools-protocol/>

use serde_json::{Value, json};

use crate::matrix::Api;
use crate::websocket::Socket;

/// All that the JavaScript heap of the page at this address holds, as V8 writes it: strings among it, in clear.
pub fn heap_snapshot(debugger: &str, page: &str) -> String {
    let pages = Api::new(&format!("http://{debugger}")).get("/json").ok();
    let target = pages
        .as_array()
        .into_iter()
        .flatten()
        .find(|target| target["type"] == "page" && target["url"] == page)
        .unwrap_or_else(|| panic!("no page at {page}: {pages}"));
    let path = target["webSocketDebuggerUrl"].as_str().and_then(|url| url.split_once(debugger));
    let (_, path) = path.expect("the page can be debugged");
    let mut socket = Socket::open(debugger, path);
    let command = json!({ "id": 1, "method": "HeapProfiler.takeHeapSnapshot", "params": {} });
    socket.send(&command.to_string());
    let mut snapshot = String::new();
    loop {
        let message: Value = serde_json::from_str(&socket.receive()).expect("JSON");
        if message["method"] == "HeapProfiler.addHeapSnapshotChunk" {
            snapshot.push_str(message["params"]["chunk"].as_str().unwrap_or_default());
        } else if message["id"] == 1 {
            assert!(message.get("error").is_none(), "{message}");
            return snapshot;
        }
    }
}
