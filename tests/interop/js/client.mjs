// matrix-js-sdk under the tests' command: one JSON object a line comes in, one goes out. `main.rs` beside this folder lists the commands.

import { createInterface } from "node:readline";

import attachments from "matrix-encrypt-attachment";
import * as sdk from "matrix-js-sdk";
import { CryptoEvent, decodeRecoveryKey } from "matrix-js-sdk/lib/crypto-api/index.js";
import { logger } from "matrix-js-sdk/lib/logger.js";

// Standard output belongs to the answers, and what goes wrong is said in them.
for (const level of ["trace", "debug", "info", "log", "warn"]) console[level] = () => {};
logger.setLevel("error", false);

const PATIENCE_MS = 60_000;
const { encryptAttachment, decryptAttachment } = attachments;

let client;
/** The key of the secret storage, as the person keeps it. */
let recoveryKey;
let password;

const commands = {
    async login({ server, user, password: secret, device_name }) {
        password = secret;
        const answer = await sdk.createClient({ baseUrl: server }).loginRequest({
            type: "m.login.password",
            identifier: { type: "m.id.user", user },
            password: secret,
            initial_device_display_name: device_name,
        });
        client = sdk.createClient({
            baseUrl: server,
            userId: answer.user_id,
            deviceId: answer.device_id,
            accessToken: answer.access_token,
            timelineSupport: true,
            cryptoCallbacks: {
                getSecretStorageKey: async ({ keys }) => [Object.keys(keys)[0], decodeRecoveryKey(recoveryKey)],
            },
        });
        await client.initRustCrypto({ useIndexedDB: false });
        await client.startClient({ initialSyncLimit: 20 });
        await until("the first sync", () => client.isInitialSyncComplete());
        return { user_id: answer.user_id, device_id: answer.device_id };
    },

    async create_room({ name, invite }) {
        const { room_id } = await client.createRoom({
            name,
            invite,
            preset: "private_chat",
            initial_state: [
                { type: "m.room.encryption", state_key: "", content: { algorithm: "m.megolm.v1.aes-sha2" } },
            ],
        });
        await until("the new room", () => client.getRoom(room_id)?.hasEncryptionStateEvent());
        return { room_id };
    },

    async join({ room }) {
        await client.joinRoom(room);
        await until("the joined room", () => client.getRoom(room)?.getMyMembership() === "join");
        return {};
    },

    async wait_joined({ room, people }) {
        await until("the others", () => {
            const joined = client.getRoom(room)?.getJoinedMembers().map((member) => member.userId) ?? [];
            return people.every((person) => joined.includes(person));
        });
        return {};
    },

    async send_text({ room, body }) {
        return client.sendMessage(room, { msgtype: "m.text", body });
    },

    async send_file({ room, name, data }) {
        const { data: ciphertext, info } = await encryptAttachment(Buffer.from(data, "base64"));
        const { content_uri } = await client.uploadContent(new Blob([ciphertext]), {
            type: "application/octet-stream",
            includeFilename: false,
        });
        return client.sendMessage(room, { msgtype: "m.file", body: name, file: { ...info, url: content_uri } });
    },

    async read_text({ room, body }) {
        const event = await message(room, (content) => content.msgtype === "m.text" && content.body === body);
        return { sender: event.getSender(), encrypted: event.isEncrypted() };
    },

    async read_file({ room, name }) {
        const event = await message(room, (content) => content.msgtype === "m.file" && content.body === name);
        const { file } = event.getContent();
        const url = client.mxcUrlToHttp(file.url, undefined, undefined, undefined, false, true, true);
        const answer = await fetch(url, { headers: { authorization: `Bearer ${client.getAccessToken()}` } });
        if (!answer.ok) throw new Error(`the download answers ${answer.status}`);
        const plain = await decryptAttachment(await answer.arrayBuffer(), file);
        return { sender: event.getSender(), encrypted: event.isEncrypted(), data: Buffer.from(plain).toString("base64") };
    },

    async keep_keys() {
        const crypto = client.getCrypto();
        const allUploaded = new Promise((resolve) => {
            client.on(CryptoEvent.KeyBackupSessionsRemaining, (remaining) => remaining === 0 && resolve());
        });
        await crypto.bootstrapCrossSigning({
            authUploadDeviceSigningKeys: async (upload) => {
                try {
                    await upload(null);
                } catch (error) {
                    if (error.httpStatus !== 401) throw error;
                    const identifier = { type: "m.id.user", user: client.getUserId() };
                    await upload({ type: "m.login.password", identifier, password, session: error.data.session });
                }
            },
        });
        await crypto.bootstrapSecretStorage({
            setupNewKeyBackup: true,
            createSecretStorageKey: async () => {
                const key = await crypto.createRecoveryKeyFromPassphrase();
                recoveryKey = key.encodedPrivateKey;
                return key;
            },
        });
        await within("the backup", allUploaded);
        return { kept: recoveryKey };
    },

    async restore_keys({ kept }) {
        recoveryKey = kept;
        const crypto = client.getCrypto();
        await crypto.loadSessionBackupPrivateKeyFromSecretStorage();
        const { imported } = await crypto.restoreKeyBackup();
        return { imported };
    },
};

/** Waits for a message that could be read, looking back to the beginning of the room. */
async function message(roomId, fits) {
    const find = () =>
        client
            .getRoom(roomId)
            ?.getLiveTimeline()
            .getEvents()
            .find((event) => event.getType() === "m.room.message" && fits(event.getContent()));
    return until("the message", async () => {
        const room = client.getRoom(roomId);
        if (room && !find()) await client.scrollback(room);
        return find();
    });
}

async function until(what, condition) {
    const deadline = Date.now() + PATIENCE_MS;
    for (;;) {
        const value = await condition();
        if (value) return value;
        if (Date.now() > deadline) throw new Error(`${what}: not within ${PATIENCE_MS} ms`);
        await new Promise((resolve) => setTimeout(resolve, 100));
    }
}

function within(what, promise) {
    const late = new Promise((_, reject) => {
        setTimeout(() => reject(new Error(`${what}: not within ${PATIENCE_MS} ms`)), PATIENCE_MS).unref();
    });
    return Promise.race([promise, late]);
}

for await (const line of createInterface({ input: process.stdin })) {
    const { command, ...parameters } = JSON.parse(line);
    let answer;
    try {
        answer = { ok: await commands[command](parameters) };
    } catch (error) {
        answer = { error: String(error?.stack ?? error) };
    }
    process.stdout.write(`${JSON.stringify(answer)}\n`);
}
client?.stopClient();
process.exit(0);
