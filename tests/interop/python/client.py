"""matrix-nio under the tests' command: one JSON object a line comes in, one goes out. `main.rs` beside this folder lists the commands."""

import asyncio
import base64
import io
import json
import sys
import tempfile
from pathlib import Path

import nio
from nio.crypto.attachments import decrypt_attachment

PATIENCE = 60


class Client:
    def __init__(self):
        self.directory = tempfile.TemporaryDirectory(prefix="konsil-nio-")
        self.nio = None

    async def login(self, server, user, password, device_name):
        config = nio.AsyncClientConfig(encryption_enabled=True, store_sync_tokens=True)
        self.nio = nio.AsyncClient(server, user, store_path=self.directory.name, config=config)
        answer = done(await self.nio.login(password, device_name))
        self.seen = []
        self.nio.add_event_callback(lambda room, event: self.seen.append((room.room_id, event)), nio.Event)
        # A sync that fails ends the task, and the next command says so.
        self.syncing = asyncio.create_task(self.nio.sync_forever(timeout=10_000, full_state=True))
        await self.nio.synced.wait()
        return {"user_id": answer.user_id, "device_id": answer.device_id}

    async def create_room(self, name, invite):
        answer = done(
            await self.nio.room_create(name=name, invite=invite, initial_state=[nio.EnableEncryptionBuilder().as_dict()])
        )
        await self.until("the new room", lambda: self.room(answer.room_id) and self.room(answer.room_id).encrypted)
        return {"room_id": answer.room_id}

    async def join(self, room):
        done(await self.nio.join(room))
        await self.until("the joined room", lambda: self.room(room) and self.room(room).encrypted)
        return {}

    async def wait_joined(self, room, people):
        def joined():
            members = self.room(room).users
            return all(person in members and not members[person].invited for person in people)

        await self.until("the others", joined)
        return {}

    async def send_text(self, room, body):
        return await self.send(room, {"msgtype": "m.text", "body": body})

    async def send_file(self, room, name, data):
        plain = base64.b64decode(data)
        answer, keys = await self.nio.upload(
            io.BytesIO(plain), content_type="application/octet-stream", encrypt=True, filesize=len(plain)
        )
        file = {"url": done(answer).content_uri, **keys}
        return await self.send(room, {"msgtype": "m.file", "body": name, "file": file})

    async def read_text(self, room, body):
        event = await self.message(room, lambda event: isinstance(event, nio.RoomMessageText) and event.body == body)
        return {"sender": event.sender, "encrypted": event.decrypted}

    async def read_file(self, room, name):
        event = await self.message(room, lambda event: isinstance(event, nio.RoomEncryptedFile) and event.body == name)
        answer = done(await self.nio.download(event.url))
        plain = decrypt_attachment(answer.body, event.key["k"], event.hashes["sha256"], event.iv)
        return {"sender": event.sender, "encrypted": event.decrypted, "data": base64.b64encode(plain).decode()}

    async def keep_keys(self):
        """Into a file with a passphrase: this client knows no backup on the server."""
        file = Path(self.directory.name) / "keys.txt"
        await self.nio.export_keys(str(file), "passphrase of the file")
        return {"kept": file.read_text()}

    async def restore_keys(self, kept):
        file = Path(self.directory.name) / "keys.txt"
        file.write_text(kept)
        await self.nio.import_keys(str(file), "passphrase of the file")
        return {"imported": kept.count("\n")}

    async def send(self, room, content):
        answer = done(await self.nio.room_send(room, "m.room.message", content, ignore_unverified_devices=True))
        return {"event_id": answer.event_id}

    async def message(self, room, fits):
        """Waits for a message that could be read, looking back to the beginning of the room."""

        async def find():
            live = [event for (where, event) in self.seen if where == room]
            return next((event for event in [*live, *await self.past(room)] if fits(event)), None)

        return await self.until("the message", find)

    async def past(self, room):
        events, start = [], None
        while True:
            answer = done(await self.nio.room_messages(room, start=start, limit=50))
            events += answer.chunk
            if answer.end is None or not answer.chunk:
                return events
            start = answer.end

    def room(self, room):
        return self.nio.rooms.get(room)

    async def until(self, what, condition):
        deadline = asyncio.get_running_loop().time() + PATIENCE
        while True:
            value = condition()
            value = await value if asyncio.iscoroutine(value) else value
            if value:
                return value
            if self.syncing.done():
                raise RuntimeError(f"{what}: the sync has ended: {self.syncing.exception()!r}")
            if asyncio.get_running_loop().time() > deadline:
                raise RuntimeError(f"{what}: not within {PATIENCE} s")
            await asyncio.sleep(0.1)


def done(answer):
    """Errors are answers in this library."""
    if isinstance(answer, nio.ErrorResponse):
        raise RuntimeError(repr(answer))
    return answer


async def main():
    client = Client()
    while line := await asyncio.to_thread(sys.stdin.readline):
        parameters = json.loads(line)
        command = parameters.pop("command")
        try:
            answer = {"ok": await getattr(client, command)(**parameters)}
        except Exception as error:  # Whatever it is, the test has to hear of it.
            answer = {"error": repr(error)}
        print(json.dumps(answer), flush=True)
    if client.nio:
        await client.nio.close()


asyncio.run(main())
