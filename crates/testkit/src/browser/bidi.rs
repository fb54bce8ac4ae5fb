//! WebDriver's commands, carried out by WebDriver BiDi, which Firefox speaks by itself.
//! <https://www.w3.org/TR/webdriver-bidi/>

use serde_json::{Value, json};

use super::{ELEMENT, Refusal};
use crate::websocket::Socket;

/// A connection to the browser, and the tab that it is about.
pub(super) struct Bidi {
    socket: Socket,
    context: String,
    last_id: u64,
}

impl Bidi {
    pub fn begin(port: u16) -> Self {
        let mut bidi = Self {
            socket: Socket::open(&format!("127.0.0.1:{port}"), "/session"),
            context: String::new(),
            last_id: 0,
        };
        let capabilities = json!({ "capabilities": { "alwaysMatch": {
            "unhandledPromptBehavior": { "default": "ignore" },
        }}});
        bidi.send("session.new", capabilities).expect("a session begins");
        let tree = bidi.send("browsingContext.getTree", json!({})).expect("the tabs are named");
        let context = tree["contexts"][0]["context"].as_str();
        bidi.context = context.expect("there is a tab").to_owned();
        bidi
    }

    pub fn end(&mut self) {
        let _ = self.send("browser.close", json!({}));
    }

    /// One command of WebDriver, by its method and its path below the session.
    pub fn command(&mut self, method: &str, path: &str, body: &Value) -> Result<Value, Refusal> {
        let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
        match (method, parts.as_slice()) {
            ("GET", ["url"]) => self.script("return location.href", &json!([])),
            ("POST", ["url"]) => self.navigate("browsingContext.navigate", Some(&body["url"])),
            ("POST", ["refresh"]) => self.navigate("browsingContext.reload", None),
            ("POST", ["window", "rect"]) => {
                let size = json!({ "width": body["width"], "height": body["height"] });
                let context = self.context.clone();
                let parameters = json!({ "context": context, "viewport": size });
                self.send("browsingContext.setViewport", parameters)
            }
            ("POST", ["elements"]) => self.elements(&body["value"]),
            ("POST", ["element", id, "click"]) => self.click(id),
            ("POST", ["element", id, "clear"]) => {
                let clear = "(element) => { element.focus(); element.select?.(); element.value = ''; \
                             element.dispatchEvent(new Event('input', { bubbles: true })); }";
                self.on_element(clear, id)
            }
            ("POST", ["element", id, "value"]) => self.give(id, &body["text"]),
            ("GET", ["element", id, "attribute", name]) => {
                let name = serde_json::to_string(name).expect("a string");
                self.on_element(&format!("(element) => element.getAttribute({name})"), id)
            }
            ("POST", ["execute", "sync"]) => {
                self.script(body["script"].as_str().unwrap_or_default(), &body["args"])
            }
            ("POST", ["execute", "async"]) => {
                let script = body["script"].as_str().unwrap_or_default();
                let script = format!(
                    "return new Promise((done) => (function () {{ {script} }})(...arguments, done))"
                );
                self.script(&script, &body["args"])
            }
            ("GET", ["screenshot"]) => {
                let context = self.context.clone();
                let mut picture =
                    self.send("browsingContext.captureScreenshot", json!({ "context": context }))?;
                Ok(picture["data"].take())
            }
            _ => Err(Refusal {
                code: "unknown command".into(),
                message: format!("{method} {path} has no counterpart here"),
            }),
        }
    }

    fn send(&mut self, method: &str, parameters: Value) -> Result<Value, Refusal> {
        self.last_id += 1;
        let command = json!({ "id": self.last_id, "method": method, "params": parameters });
        self.socket.send(&command.to_string());
        loop {
            let mut answer: Value = serde_json::from_str(&self.socket.receive()).expect("JSON");
            if answer["id"] != self.last_id {
                // An event.
                continue;
            }
            if answer["type"] == "success" {
                return Ok(answer["result"].take());
            }
            let text = |field: &str| answer[field].as_str().unwrap_or_default().to_owned();
            return Err(Refusal { code: text("error"), message: text("message") });
        }
    }

    fn navigate(&mut self, method: &str, url: Option<&Value>) -> Result<Value, Refusal> {
        let mut parameters = json!({ "context": self.context, "wait": "complete" });
        if let Some(url) = url {
            parameters["url"] = url.clone();
        }
        self.send(method, parameters)
    }

    /// Calls a function with these arguments, in BiDi's own form.
    fn call(&mut self, function: &str, arguments: Value) -> Result<Value, Refusal> {
        let mut answer = self.send(
            "script.callFunction",
            json!({
                "functionDeclaration": function,
                "arguments": arguments,
                "awaitPromise": true,
                "target": { "context": self.context },
            }),
        )?;
        if answer["type"] == "success" {
            return Ok(answer["result"].take());
        }
        let message = answer["exceptionDetails"]["text"].as_str().unwrap_or_default().to_owned();
        Err(Refusal { code: "javascript error".into(), message })
    }

    /// Runs a function body; arguments and result go as JSON, so no elements among them.
    fn script(&mut self, body: &str, arguments: &Value) -> Result<Value, Refusal> {
        let function = format!(
            "async (json) => JSON.stringify(await (function () {{ {body} }}).apply(null, JSON.parse(json))) ?? 'null'"
        );
        let json = json!([{ "type": "string", "value": arguments.to_string() }]);
        Ok(from_json(&self.call(&function, json)?))
    }

    /// Calls a function with an element; its result goes as JSON.
    fn on_element(&mut self, function: &str, id: &str) -> Result<Value, Refusal> {
        let function = format!("(element) => JSON.stringify(({function})(element) ?? null)");
        Ok(from_json(&self.call(&function, json!([{ "sharedId": id }]))?))
    }

    fn elements(&mut self, css: &Value) -> Result<Value, Refusal> {
        let locator = json!({ "type": "css", "value": css });
        let parameters = json!({ "context": self.context, "locator": locator });
        let found = self.send("browsingContext.locateNodes", parameters)?;
        let nodes = found["nodes"].as_array().cloned().unwrap_or_default();
        Ok(nodes.iter().map(|node| json!({ ELEMENT: node["sharedId"] })).collect())
    }

    /// Clicks where a person would: in the middle, and only if nothing else lies there.
    fn click(&mut self, id: &str) -> Result<Value, Refusal> {
        let is_hit = "(element) => {
            element.scrollIntoView({ block: 'nearest', inline: 'nearest', behavior: 'instant' });
            const box = element.getBoundingClientRect();
            const at = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
            return box.width > 0 && (element === at || element.contains(at));
        }";
        if self.on_element(is_hit, id)? != true {
            return Err(Refusal {
                code: "element click intercepted".into(),
                message: "something else lies there".into(),
            });
        }
        let origin = json!({ "type": "element", "element": { "sharedId": id } });
        self.act(json!({
            "type": "pointer", "id": "mouse", "actions": [
                { "type": "pointerMove", "x": 0, "y": 0, "origin": origin },
                { "type": "pointerDown", "button": 0 },
                { "type": "pointerUp", "button": 0 },
            ],
        }))
    }

    /// Types into a field key by key, or hands it a file.
    fn give(&mut self, id: &str, text: &Value) -> Result<Value, Refusal> {
        if self.on_element("(element) => element.type === 'file'", id)? == true {
            let element = json!({ "sharedId": id });
            let parameters =
                json!({ "context": self.context, "element": element, "files": [text] });
            return self.send("input.setFiles", parameters);
        }
        let focus = "(element) => { if (document.activeElement !== element) element.focus(); \
                     return document.activeElement === element; }";
        if self.on_element(focus, id)? != true {
            return Err(Refusal {
                code: "element not interactable".into(),
                message: "it does not take the focus".into(),
            });
        }
        let keys = text.as_str().unwrap_or_default().chars().flat_map(|key| {
            let key = key.to_string();
            ["keyDown", "keyUp"].map(|kind| json!({ "type": kind, "value": key }))
        });
        self.act(json!({ "type": "key", "id": "keys", "actions": keys.collect::<Vec<_>>() }))
    }

    fn act(&mut self, source: Value) -> Result<Value, Refusal> {
        let parameters = json!({ "context": self.context, "actions": [source] });
        self.send("input.performActions", parameters)
    }
}

fn from_json(remote: &Value) -> Value {
    remote["value"].as_str().and_then(|json| serde_json::from_str(json).ok()).unwrap_or(Value::Null)
}
