/**
 * The peer in Node: Socket.IO doing the same durable work as our server does for an answer and a step.
 *
 * Lives here: the least that a careful author would write. Seats are checked with a MAC, an answer lies under a
 * one-time tag, upserts are gathered for a few milliseconds into one transaction (WAL, synchronous FULL), and an
 * acknowledgement follows the commit. Not here: rules, pages, languages, screens: everything that ours does beside
 * it. So a ratio in our favour is on the safe side.
 *
 *     node server.mjs PORT FOLDER KEY LIVE
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { Server } from "socket.io";

const [port, folder, key, live] = process.argv.slice(2);
const GATHER = 3; // milliseconds, as in our server

const database = new DatabaseSync(join(folder, "peer.sqlite"));
database.exec("pragma journal_mode = wal; pragma synchronous = full; pragma secure_delete = on;");
database.exec("create table gate (run text primary key, open integer not null) without rowid");
database.exec(
  "create table answer (run text, tag blob, revision integer, body text, primary key (run, tag)) without rowid",
);
database.exec("create table step (live text primary key, version integer) without rowid");
const gate = database.prepare("select open from gate where run = ?");
const upsert = database.prepare(
  "insert into answer values (?, ?, ?, ?) on conflict (run, tag) do update set revision = excluded.revision, " +
    "body = excluded.body where excluded.revision > revision",
);
const step = database.prepare(
  "insert into step values (?, 1) on conflict (live) do update set version = version + 1 returning version",
);
database.prepare("insert into gate values (?, 1)").run("run");

/** Return T of a valid seat, or null. */
function seat(cookie) {
  const value = /(?:^|;\s*)seat=([^;]+)/.exec(cookie ?? "")?.[1]?.split(".");
  if (!value || value.length !== 2) return null;
  const secret = Buffer.from(value[0], "base64url");
  const expected = createHmac("sha256", key).update(live).update(secret).digest();
  const given = Buffer.from(value[1], "base64url");
  return given.length === expected.length && timingSafeEqual(given, expected) ? secret : null;
}

const http = createServer();
const io = new Server(http, { transports: ["websocket"], perMessageDeflate: false, serveClient: false });

io.use((socket, next) => {
  const { audience, live: asked } = socket.handshake.auth;
  if (asked !== live) return next(new Error("not_found"));
  if (audience === "console") return next();
  socket.data.secret = seat(socket.handshake.headers.cookie);
  return next(socket.data.secret ? undefined : new Error("forbidden"));
});

/** @type {{run: string, tag: Buffer, revision: number, body: string | null, ack: Function}[]} */
let waiting = [];
let timer = null;

function commit() {
  timer = null;
  const batch = waiting;
  waiting = [];
  const open = new Map();
  database.exec("begin immediate");
  for (const one of batch) {
    if (!open.has(one.run)) open.set(one.run, gate.get(one.run)?.open === 1);
    if (open.get(one.run)) upsert.run(one.run, one.tag, one.revision, one.body);
  }
  database.exec("commit");
  for (const one of batch) one.ack(open.get(one.run) ? { ok: true, revision: one.revision } : { ok: false });
}

io.on("connection", (socket) => {
  if (!socket.data.secret) {
    socket.on("move", (payload, ack) => {
      const { version } = step.get(live);
      ack({ ok: true, version });
      io.to(live).emit("screen", { boot: "peer", seq: version, key: "step", version, html: payload.html });
    });
    return;
  }
  socket.join(live);
  socket.on("answer", (payload, ack) => {
    const { run, revision, fields } = payload;
    if (typeof run !== "string" || !Number.isInteger(revision) || revision < 1) return ack({ ok: false });
    const value = Number(fields?.value?.[0]);
    if (!Number.isInteger(value) || value < 1 || value > 10) return ack({ ok: false });
    const tag = createHmac("sha256", socket.data.secret).update(run).digest();
    waiting.push({ run, tag, revision, body: JSON.stringify({ value }), ack });
    timer ??= setTimeout(commit, GATHER);
  });
});

http.listen({ port: Number(port), host: "127.0.0.1", backlog: 4096 }, () => console.log("ready"));
