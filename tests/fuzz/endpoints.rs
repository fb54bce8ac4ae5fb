//! The endpoints that bad requests go to, each with a request that is good. `{room}`, `{event}`, … are filled in; other
//! names in braces stand for themselves and may be replaced. Left out: signing out, since it ends the sender.

/// An endpoint and a good request to it.
pub struct Endpoint {
    pub method: &'static str,
    /// With variables in braces, also in the query.
    pub path: &'static str,
    /// JSON.
    pub body: Option<&'static str>,
}

const fn get(path: &'static str) -> Endpoint {
    Endpoint { method: "GET", path, body: None }
}

const fn put(path: &'static str, body: &'static str) -> Endpoint {
    Endpoint { method: "PUT", path, body: Some(body) }
}

const fn post(path: &'static str, body: &'static str) -> Endpoint {
    Endpoint { method: "POST", path, body: Some(body) }
}

const fn delete(path: &'static str) -> Endpoint {
    Endpoint { method: "DELETE", path, body: None }
}

/// What bad requests are made from.
pub const ENDPOINTS: &[Endpoint] = &[
    // Rooms
    post(
        "/_matrix/client/v3/createRoom",
        r##"{"preset":"private_chat","visibility":"private","name":"Room","topic":"Topic","room_alias_name":"alias","room_version":"12",
            "invite":["{other}"],"is_direct":true,"creation_content":{"m.federate":false},"power_level_content_override":{"users":{"{other}":50}},
            "initial_state":[{"type":"m.room.encryption","state_key":"","content":{"algorithm":"m.megolm.v1.aes-sha2"}}]}"##,
    ),
    post("/_matrix/client/v3/join/{room}", r#"{"reason":"why","third_party_signed":{}}"#),
    post("/_matrix/client/v3/rooms/{room}/join", r#"{"reason":"why"}"#),
    post("/_matrix/client/v3/rooms/{room}/invite", r#"{"user_id":"{other}","reason":"why"}"#),
    post("/_matrix/client/v3/rooms/{room}/kick", r#"{"user_id":"{other}","reason":"why"}"#),
    post("/_matrix/client/v3/rooms/{room}/ban", r#"{"user_id":"{other}","reason":"why"}"#),
    post("/_matrix/client/v3/rooms/{room}/unban", r#"{"user_id":"{other}"}"#),
    post("/_matrix/client/v3/rooms/{room}/forget", "{}"),
    post("/_matrix/client/v3/rooms/{!unknown:klinikum.test}/leave", r#"{"reason":"why"}"#),
    put(
        "/_matrix/client/v3/rooms/{room}/send/{m.room.encrypted}/{txn}",
        r#"{"algorithm":"m.megolm.v1.aes-sha2","ciphertext":"AAAA","session_id":"AAAA","device_id":"{device}","sender_key":"AAAA",
            "m.relates_to":{"rel_type":"m.thread","event_id":"{event}","m.in_reply_to":{"event_id":"{event}"},"is_falling_back":true}}"#,
    ),
    put(
        "/_matrix/client/v3/rooms/{room}/send/{m.room.redaction}/{txn}",
        r#"{"redacts":"{event}","reason":"why"}"#,
    ),
    put("/_matrix/client/v3/rooms/{room}/redact/{event}/{txn}", r#"{"reason":"why"}"#),
    put("/_matrix/client/v3/rooms/{room}/state/{m.room.name}/", r#"{"name":"Name"}"#),
    put(
        "/_matrix/client/v3/rooms/{room}/state/{m.room.power_levels}/{}",
        r#"{"users":{"{other}":50},"users_default":0,"events":{"m.room.name":50},"events_default":0,"state_default":50,"ban":50,"kick":50,
            "redact":50,"invite":0,"notifications":{"room":50}}"#,
    ),
    put(
        "/_matrix/client/v3/rooms/{room}/state/{m.room.join_rules}/",
        r#"{"join_rule":"restricted","allow":[{"type":"m.room_membership","room_id":"{room}"}]}"#,
    ),
    put(
        "/_matrix/client/v3/rooms/{room}/state/{m.room.history_visibility}/",
        r#"{"history_visibility":"shared"}"#,
    ),
    put(
        "/_matrix/client/v3/rooms/{room}/state/{m.room.canonical_alias}/",
        r##"{"alias":"#a:klinikum.test","alt_aliases":["#a:klinikum.test"]}"##,
    ),
    put(
        "/_matrix/client/v3/rooms/{room}/state/{m.room.member}/{other}",
        r#"{"membership":"invite","displayname":"Name","avatar_url":"mxc://a/b"}"#,
    ),
    put(
        "/_matrix/client/v3/rooms/{room}/state/{m.room.encryption}/",
        r#"{"algorithm":"m.megolm.v1.aes-sha2","rotation_period_ms":1000,"rotation_period_msgs":10}"#,
    ),
    put(
        "/_matrix/client/v3/rooms/{room}/state/{de.example.any}/{key}",
        r#"{"any":{"thing":[1,"two",null,true]}}"#,
    ),
    get("/_matrix/client/v3/rooms/{room}/state"),
    get("/_matrix/client/v3/rooms/{room}/state/{m.room.member}/{user}?format={event}"),
    get(
        "/_matrix/client/v3/rooms/{room}/members?at={since}&membership={join}&not_membership={ban}",
    ),
    get("/_matrix/client/v3/rooms/{room}/joined_members"),
    get("/_matrix/client/v3/joined_rooms"),
    get("/_matrix/client/v3/rooms/{room}/messages?dir={b}&from={since}&limit={10}"),
    get(
        "/_matrix/client/v3/rooms/{room}/messages?dir={f}&to={since}&filter={%7B%22types%22:[%22m.room.member%22]%7D}",
    ),
    get("/_matrix/client/v3/rooms/{room}/context/{event}?limit={3}&filter={%7B%7D}"),
    get("/_matrix/client/v3/rooms/{room}/event/{event}"),
    get(
        "/_matrix/client/v1/rooms/{room}/relations/{event}/{m.thread}/{m.room.encrypted}?limit={5}&from={since}&dir={f}&recurse={true}",
    ),
    get("/_matrix/client/v1/rooms/{room}/threads?include={all}&limit={5}&from={since}"),
    get("/_matrix/client/v1/room_summary/{room}?via={klinikum.test}"),
    put("/_matrix/client/v3/directory/room/{#alias:klinikum.test}", r#"{"room_id":"{room}"}"#),
    get("/_matrix/client/v3/directory/room/{#alias:klinikum.test}"),
    delete("/_matrix/client/v3/directory/room/{#alias:klinikum.test}"),
    get("/_matrix/client/v3/rooms/{room}/aliases"),
    get(
        "/_matrix/client/v1/rooms/{room}/hierarchy?max_depth={2}&limit={5}&suggested_only={false}&from={h1_2_0}",
    ),
    get("/_matrix/client/v1/rooms/{room}/timestamp_to_event?ts={1700000000000}&dir={f}"),
    get("/_matrix/client/v3/rooms/{room}/initialSync?limit={5}"),
    post(
        "/_matrix/client/v3/rooms/{room}/upgrade",
        r#"{"new_version":"12","additional_creators":["{other}"]}"#,
    ),
    post("/_matrix/client/v3/knock/{room}", r#"{"reason":"why"}"#),
    get("/_matrix/client/v3/publicRooms?limit={5}&since={d0}"),
    post(
        "/_matrix/client/v3/publicRooms",
        r#"{"limit":5,"since":"d0","filter":{"generic_search_term":"a","room_types":[null,"m.space"]}}"#,
    ),
    get("/_matrix/client/v3/directory/list/room/{room}"),
    put("/_matrix/client/v3/directory/list/room/{room}", r#"{"visibility":"public"}"#),
    post("/_matrix/client/v3/rooms/{room}/receipt/{m.read}/{event}", r#"{"thread_id":"main"}"#),
    post(
        "/_matrix/client/v3/rooms/{room}/read_markers",
        r#"{"m.fully_read":"{event}","m.read":"{event}","m.read.private":"{event}"}"#,
    ),
    put("/_matrix/client/v3/rooms/{room}/typing/{user}", r#"{"typing":true,"timeout":1000}"#),
    // Keys
    post(
        "/_matrix/client/v3/keys/upload",
        r#"{"device_keys":{"user_id":"{user}","device_id":"{device}","algorithms":["m.olm.v1.curve25519-aes-sha2","m.megolm.v1.aes-sha2"],
            "keys":{"curve25519:{device}":"AAAA","ed25519:{device}":"AAAA"},"signatures":{"{user}":{"ed25519:{device}":"AAAA"}}},
            "one_time_keys":{"signed_curve25519:AAAA":{"key":"AAAA","signatures":{"{user}":{"ed25519:{device}":"AAAA"}}}},
            "fallback_keys":{"signed_curve25519:BBBB":{"key":"AAAA","fallback":true,"signatures":{"{user}":{"ed25519:{device}":"AAAA"}}}}}"#,
    ),
    post(
        "/_matrix/client/v3/keys/query",
        r#"{"timeout":1000,"device_keys":{"{other}":[],"{user}":["{device}"]}}"#,
    ),
    post(
        "/_matrix/client/v3/keys/claim",
        r#"{"timeout":1000,"one_time_keys":{"{user}":{"{device}":"signed_curve25519"}}}"#,
    ),
    get("/_matrix/client/v3/keys/changes?from={since}&to={since}"),
    post(
        "/_matrix/client/v3/keys/device_signing/upload",
        r#"{"master_key":{"user_id":"{user}","usage":["master"],"keys":{"ed25519:AAAA":"AAAA"},"signatures":{}},
            "self_signing_key":{"user_id":"{user}","usage":["self_signing"],"keys":{"ed25519:BBBB":"BBBB"},"signatures":{"{user}":{"ed25519:AAAA":"AAAA"}}},
            "user_signing_key":{"user_id":"{user}","usage":["user_signing"],"keys":{"ed25519:CCCC":"CCCC"},"signatures":{"{user}":{"ed25519:AAAA":"AAAA"}}},
            "auth":{"type":"m.login.password","password":"x","identifier":{"type":"m.id.user","user":"{user}"},"session":"x"}}"#,
    ),
    post(
        "/_matrix/client/v3/keys/signatures/upload",
        r#"{"{user}":{"{device}":{"user_id":"{user}","device_id":"{device}","algorithms":[],"keys":{},"signatures":{"{user}":{"ed25519:AAAA":"AAAA"}}}}}"#,
    ),
    put(
        "/_matrix/client/v3/sendToDevice/{m.room.encrypted}/{txn}",
        r#"{"messages":{"{other}":{"*":{"algorithm":"m.olm.v1.curve25519-aes-sha2","ciphertext":{},"sender_key":"AAAA"}},"{user}":{"{device}":{"a":1}}}}"#,
    ),
    post(
        "/_matrix/client/v3/room_keys/version",
        r#"{"algorithm":"m.megolm_backup.v1.curve25519-aes-sha2","auth_data":{"public_key":"AAAA","signatures":{"{user}":{"ed25519:AAAA":"AAAA"}}}}"#,
    ),
    get("/_matrix/client/v3/room_keys/version"),
    get("/_matrix/client/v3/room_keys/version/{1}"),
    put(
        "/_matrix/client/v3/room_keys/version/{1}",
        r#"{"algorithm":"m.megolm_backup.v1.curve25519-aes-sha2","version":"1","auth_data":{"public_key":"AAAA"}}"#,
    ),
    delete("/_matrix/client/v3/room_keys/version/{1}"),
    put(
        "/_matrix/client/v3/room_keys/keys?version={1}",
        r#"{"rooms":{"{room}":{"sessions":{"AAAA":{"first_message_index":1,"forwarded_count":0,"is_verified":true,
            "session_data":{"ephemeral":"AAAA","ciphertext":"AAAA","mac":"AAAA"}}}}}}"#,
    ),
    put(
        "/_matrix/client/v3/room_keys/keys/{room}/{AAAA}?version={1}",
        r#"{"first_message_index":1,"forwarded_count":0,"is_verified":true,"session_data":{"ephemeral":"AAAA","ciphertext":"AAAA","mac":"AAAA"}}"#,
    ),
    get("/_matrix/client/v3/room_keys/keys/{room}?version={1}"),
    delete("/_matrix/client/v3/room_keys/keys/{room}/{AAAA}?version={1}"),
    // Sync
    get(
        "/_matrix/client/v3/sync?timeout=0&since={since}&filter={%7B%22room%22:%7B%7D%7D}&full_state={true}&set_presence={offline}",
    ),
    post(
        "/_matrix/client/unstable/org.matrix.simplified_msc3575/sync?timeout=0&pos={0}",
        r#"{"conn_id":"fuzz","txn_id":"1","lists":{"all":{"ranges":[[0,19]],"timeline_limit":5,"required_state":[["m.room.member","$LAZY"],["*","*"]],
            "filters":{"is_dm":true,"room_types":[null]}}},"room_subscriptions":{"{room}":{"timeline_limit":5,"required_state":[["m.room.name",""]]}},
            "unsubscribe_rooms":["{room}"],"extensions":{"to_device":{"enabled":true,"since":"0","limit":10},"e2ee":{"enabled":true},
            "account_data":{"enabled":true,"lists":["*"],"rooms":["*"]},"receipts":{"enabled":true},"typing":{"enabled":true}}}"#,
    ),
    post(
        "/_matrix/client/unstable/org.matrix.simplified_msc3575/sync?timeout=0",
        r#"{"conn_id":"new","lists":{"a":{"ranges":[[0,5]],"timeline_limit":1,"required_state":[]}}}"#,
    ),
    // Accounts, without those that end the sender
    post(
        "/_matrix/client/v3/login",
        r#"{"type":"m.login.password","identifier":{"type":"m.id.user","user":"{other}"},"password":"x","device_id":"D","refresh_token":true}"#,
    ),
    post(
        "/_matrix/client/v3/register",
        r#"{"username":"{user}","password":"x","device_id":"D","inhibit_login":true,"auth":{"type":"m.login.registration_token","token":"x","session":"x"}}"#,
    ),
    get("/_matrix/client/v3/register/available?username={name}"),
    post("/_matrix/client/v3/refresh", r#"{"refresh_token":"x"}"#),
    get("/_matrix/client/v3/devices/{device}"),
    put("/_matrix/client/v3/devices/{device}", r#"{"display_name":"Name"}"#),
    post(
        "/_matrix/client/v3/delete_devices",
        r#"{"devices":["x"],"auth":{"type":"m.login.password","password":"x","session":"x"}}"#,
    ),
    // What a person keeps
    put("/_matrix/client/v3/user/{user}/account_data/{m.direct}", r#"{"{other}":["{room}"]}"#),
    get("/_matrix/client/v3/user/{user}/account_data/{m.direct}"),
    put("/_matrix/client/v3/user/{user}/rooms/{room}/account_data/{de.example.any}", r#"{"a":1}"#),
    put("/_matrix/client/v3/user/{user}/rooms/{room}/tags/{m.favourite}", r#"{"order":0.5}"#),
    delete("/_matrix/client/v3/user/{user}/rooms/{room}/tags/{m.favourite}"),
    post(
        "/_matrix/client/v3/user/{user}/filter",
        r#"{"room":{"timeline":{"limit":10,"types":["*"],"lazy_load_members":true}},"event_fields":["content"]}"#,
    ),
    get("/_matrix/client/v3/user/{user}/filter/{1}"),
    put("/_matrix/client/v3/profile/{user}/{displayname}", r#"{"displayname":"Name"}"#),
    put("/_matrix/client/v3/profile/{user}/{org.example.any}", r#"{"org.example.any":{"a":[1]}}"#),
    delete("/_matrix/client/v3/profile/{user}/{org.example.any}"),
    get("/_matrix/client/v3/profile/{user}/{displayname}"),
    post("/_matrix/client/v3/user_directory/search", r#"{"search_term":"anna","limit":5}"#),
    put(
        "/_matrix/client/v3/pushrules/global/{content}/{rule}?before={x}&after={y}",
        r#"{"pattern":"x","actions":["notify",{"set_tweak":"sound","value":"default"}]}"#,
    ),
    put(
        "/_matrix/client/v3/pushrules/global/{override}/{rule}",
        r#"{"conditions":[{"kind":"event_match","key":"content.body","pattern":"*x*"}],"actions":[]}"#,
    ),
    put(
        "/_matrix/client/v3/pushrules/global/{override}/{.m.rule.master}/enabled",
        r#"{"enabled":false}"#,
    ),
    put(
        "/_matrix/client/v3/pushrules/global/{content}/{rule}/actions",
        r#"{"actions":["notify"]}"#,
    ),
    get("/_matrix/client/v3/pushrules/global/{content}/{rule}"),
    delete("/_matrix/client/v3/pushrules/global/{content}/{rule}"),
    post(
        "/_matrix/client/v3/pushers/set",
        r#"{"app_id":"a","pushkey":"b","kind":"http","lang":"de","app_display_name":"a","device_display_name":"b","append":true,
            "data":{"url":"https://push.klinikum.test/_matrix/push/v1/notify","format":"event_id_only"}}"#,
    ),
    get("/_matrix/client/v3/notifications?limit={5}&from={x}&only={highlight}"),
    // Media
    post("/_matrix/media/v3/upload?filename={name}", r#"{"any":"bytes"}"#),
    post("/_matrix/media/v1/create", "{}"),
    put("/_matrix/media/v3/upload/{media}", r#"{"any":"bytes"}"#),
    get("/_matrix/client/v1/media/download/{media}?timeout_ms={0}"),
    get("/_matrix/client/v1/media/download/{media}/{name}?timeout_ms={0}"),
    get(
        "/_matrix/client/v1/media/thumbnail/{media}?width={32}&height={32}&method={crop}&timeout_ms={0}",
    ),
];
