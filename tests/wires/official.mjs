// The official JavaScript client against a wire server: `node official.mjs URL`. Fails with the first thing that is not so.
import assert from "node:assert/strict";
import { createRequire } from "node:module";

const { io } = createRequire(import.meta.url)("socket.io-client");
const url = process.argv[2];
const auth = { room: "js" };
/** @type {(socket: any, event: string) => Promise<any>} */
const once = (socket, event) => new Promise((resolve) => socket.once(event, resolve));

for (const transports of [["websocket"], ["polling"], ["polling", "websocket"]]) {
  const socket = io(url, { auth, transports, reconnectionDelay: 50, forceNew: true });
  await once(socket, "connect");
  while (socket.io.engine.transport.name !== transports.at(-1)) await once(socket.io.engine, "upgrade");


  // Acknowledgements: of every JSON, of nothing, of what is not there, of bytes.
  for (const said of ["text", "ä😀\u2028", 0, true, [1, [2]], { a: { b: "c" } }, "x".repeat(20000)]) {
    assert.deepEqual(await socket.emitWithAck("echo", said), said);
  }
  const bytes = await socket.emitWithAck("echo", { bytes: Buffer.from([0, 1, 255]) });
  assert.deepEqual([...bytes.bytes], [0, 1, 255]);
  assert.deepEqual(await socket.timeout(10000).emitWithAck("slowly", 1), 1);
  await assert.rejects(socket.timeout(300).emitWithAck("nobody hears this", 1));

  // Pushes arrive in their order, among answers.
  const seen = [];
  socket.on("wave", (wave) => seen.push(wave.number));
  await socket.emitWithAck("flood", { count: 40, size: 1000, room: "js" });
  while (seen.length < 40) await once(socket, "wave");
  assert.deepEqual(seen, [...Array(40).keys()]);

  // It is asked whether it is there, and stays.
  await once(socket.io, "ping");
  assert.equal(await socket.emitWithAck("echo", "still"), "still");

  // A lost connection comes back by itself.
  const back = once(socket, "connect");
  if (transports[0] === "websocket" || transports.length === 2) socket.io.engine.transport.ws.close();
  else socket.io.engine.transport.onError("cut", new Error("cut by the test"));
  await back;
  assert.equal(await socket.emitWithAck("echo", "again"), "again");

  // Hanging up and calling again; being cut on purpose.
  socket.disconnect();
  const anew = once(socket, "connect");
  socket.connect();
  await anew;
  const reason = once(socket, "disconnect");
  socket.emit("drop");
  assert.match(await reason, transports.length === 1 && transports[0] === "polling" ? /io server|transport/ : /io server disconnect/);
  socket.close();
}

// Who is not let in learns it, and a namespace that is not there is not there.
for (const [address, wrong] of [[url, { deny: true }], [`${url}/other`, auth]]) {
  const refused = io(address, { auth: wrong, transports: ["websocket"], reconnection: false, forceNew: true });
  assert.ok((await once(refused, "connect_error")) instanceof Error);
  refused.close();
}
process.exit(0);
