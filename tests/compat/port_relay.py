#!/usr/bin/env python3
"""Makes a PostgreSQL server that listens on a Unix socket answer on a port of localhost too.

    tests/compat/port_relay.py PORT SOCKET

Some of dbt's public tests name localhost:5432 in their text. Prints "ready" once the port is open. Exits with 3 if
another program listens there. Runs until it is killed.
"""
import asyncio
import sys


async def pump(reader, writer):
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()


async def main(port, socket):
    async def relay(reader, writer):
        try:
            server_reader, server_writer = await asyncio.open_unix_connection(socket)
        except OSError:
            writer.close()
            return
        await asyncio.gather(pump(reader, server_writer), pump(server_reader, writer))

    try:
        server = await asyncio.start_server(relay, "127.0.0.1", port)
    except OSError as error:
        print(f"port {port}: {error.strerror}", file=sys.stderr)
        sys.exit(3)
    print("ready", flush=True)
    async with server:
        await server.serve_forever()


asyncio.run(main(int(sys.argv[1]), sys.argv[2]))
