#!/usr/bin/env python3
"""A proxy that breaks connections to PostgreSQL on demand.

    proxy.py UPSTREAM_PORT FILE

listens on two free ports of 127.0.0.1 and writes them into FILE: the one that
clients connect to, and the one that takes orders, a line each, answered by a
line:

    to PORT              new connections go to another server
    delay MS             every piece of data waits so long, both ways
    cut                  every connection is reset, both sides
    half                 clients get an end of file, and may go on sending
    hole on|off          nothing is read or written any more, nothing is closed
    refuse on|off        nobody listens
    bytes N ..           each connection in use is reset when so many bytes of
                         servers have passed since this order (several in turn)
    rule N ACTION TEXT   the N-th message of a client that holds TEXT, or with
                         =TEXT is nothing but that statement, is
                           lost     not sent on; both sides are reset
                           unheard  sent on, and when the server has answered
                                    the client is reset without the answer
                           unread   sent on, and the client is reset at once
                           hole     sent on, then as `hole on`
                           kept     not sent on, then as `hole on`
    count                connections, messages that matched, bytes of servers
    quit
"""
import asyncio
import os
import socket
import struct
import sys

PIECE = 65536


def reset(writer):
    """Ends a connection with RST, as a dying network does."""
    sock = writer.get_extra_info("socket")
    if sock is not None and not writer.is_closing():
        try:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                            struct.pack("ii", 1, 0))
        except OSError:
            pass
    writer.transport.abort()


class Link:
    """One client and its server."""

    def __init__(self, proxy, reader, writer):
        self.proxy, self.reader, self.writer = proxy, reader, writer
        self.server_writer = None
        self.mute = False      # the server's answer is not handed on
        self.started = False   # the startup packet has passed
        self.rest = b""        # of the client's stream: no whole message yet

    def reset(self):
        reset(self.writer)
        if self.server_writer:
            reset(self.server_writer)

    def messages(self, data):
        """The whole messages of the client so far."""
        self.rest += data
        while True:
            head = 1 if self.started else 0
            if len(self.rest) < head + 4:
                return
            size = head + struct.unpack(">I", self.rest[head:head + 4])[0]
            if len(self.rest) < size:
                return
            message, self.rest = self.rest[:size], self.rest[size:]
            # Requests for encryption are startup packets too; one follows.
            if not self.started and size != 8 and size != 16:
                self.started = True
            yield message

    async def up(self):
        proxy = self.proxy
        while True:
            data = await self.reader.read(PIECE)
            if not data:
                break
            await proxy.pass_by()
            action = None
            for message in self.messages(data):
                action = proxy.judge(message) or action
            if action == "lost":
                self.reset()
                return
            if action == "kept":
                proxy.hole(True)
                await proxy.pass_by()
                self.reset()
                return
            if action == "unheard":
                self.mute = True
            self.server_writer.write(data)
            await self.server_writer.drain()
            if action == "hole":
                proxy.hole(True)
            if action == "unread":
                reset(self.writer)
                # What was sent must arrive: the server sees an orderly end.
                self.server_writer.write_eof()
                return
        if not self.server_writer.is_closing():
            self.server_writer.write_eof()

    async def down(self, server_reader):
        while True:
            data = await server_reader.read(PIECE)
            if not data:
                break
            await self.proxy.pass_by()
            if self.mute:
                self.reset()
                return
            if self.proxy.spend(len(data)):
                self.reset()
                return
            self.writer.write(data)
            await self.writer.drain()
        if not self.writer.is_closing():
            self.writer.write_eof()

    async def run(self):
        await self.proxy.pass_by()
        try:
            server_reader, self.server_writer = await asyncio.open_connection(
                "127.0.0.1", self.proxy.upstream)
        except OSError:
            reset(self.writer)
            return
        both = [asyncio.ensure_future(self.up()),
                asyncio.ensure_future(self.down(server_reader))]
        # Each side's end is handed on; the link lives until both have ended.
        await asyncio.gather(*both, return_exceptions=True)
        self.writer.close()
        self.server_writer.close()


class Proxy:
    def __init__(self, upstream):
        self.upstream = upstream
        self.links = set()
        self.delay = 0.0
        self.open = asyncio.Event()
        self.open.set()
        self.rules = []        # [left to see, action, text]
        self.cuts = []         # bytes of servers, ascending
        self.connections = self.matched = self.bytes = 0
        self.listener = self.port = None

    async def listen(self):
        self.listener = await asyncio.start_server(
            self.on_client, "127.0.0.1", self.port or 0)
        self.port = self.listener.sockets[0].getsockname()[1]

    async def on_client(self, reader, writer):
        self.connections += 1
        link = Link(self, reader, writer)
        self.links.add(link)
        try:
            await link.run()
        except OSError:
            pass
        finally:
            self.links.discard(link)

    async def pass_by(self):
        if self.delay:
            await asyncio.sleep(self.delay)
        await self.open.wait()

    def hole(self, on):
        if on:
            self.open.clear()
        else:
            self.open.set()

    def judge(self, message):
        for rule in self.rules:
            text = rule[2]
            if message[5:] == text[1:] + b"\0" if text[:1] == b"=" else text in message:
                self.matched += 1
                rule[0] -= 1
                if rule[0] == 0:
                    self.rules.remove(rule)
                    return rule[1]
        return None

    def spend(self, count):
        self.bytes += count
        if self.cuts and self.bytes >= self.cuts[0]:
            self.cuts.pop(0)
            return True
        return False

    async def order(self, words, line):
        name = words[0]
        if name == "to":
            self.upstream = int(words[1])
        elif name == "delay":
            self.delay = int(words[1]) / 1000
        elif name == "cut":
            for link in list(self.links):
                link.reset()
        elif name == "half":
            for link in list(self.links):
                if not link.writer.is_closing():
                    link.writer.write_eof()
        elif name == "hole":
            self.hole(words[1] == "on")
        elif name == "refuse" and words[1] == "on":
            self.listener.close()
        elif name == "refuse":
            await self.listen()
        elif name == "bytes":
            self.bytes = 0
            self.cuts = sorted(int(word) for word in words[1:])
        elif name == "rule":
            text = line.split(None, 3)[3].encode()
            self.rules = [[int(words[1]), words[2], text]]
            self.matched = 0
        elif name == "count":
            return f"{self.connections} {self.matched} {self.bytes}"
        else:
            return "unknown order"
        return "ok"

    async def on_order(self, reader, writer):
        while True:
            line = (await reader.readline()).decode().strip()
            if not line:
                break
            if line == "quit":
                os._exit(0)
            answer = await self.order(line.split(), line)
            writer.write(answer.encode() + b"\n")
            await writer.drain()
        writer.close()


async def main():
    proxy = Proxy(int(sys.argv[1]))
    await proxy.listen()
    orders = await asyncio.start_server(proxy.on_order, "127.0.0.1", 0)
    port = orders.sockets[0].getsockname()[1]
    with open(sys.argv[2] + ".new", "w", encoding="ascii") as out:
        out.write(f"{proxy.port} {port}\n")
    os.rename(sys.argv[2] + ".new", sys.argv[2])
    parent = os.getppid()
    while os.getppid() == parent:  # its test has ended: so does it
        await asyncio.sleep(1)


asyncio.run(main())
