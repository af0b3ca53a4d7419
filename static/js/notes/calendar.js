// @ts-check
/**
 * Calendar files, made on the phone (RFC 5545).
 *
 * Lives here: the format: CRLF, lines folded at 75 octets, escaped text, local
 * times without a zone, so that ten o'clock stays ten o'clock. Not here: which
 * entry becomes which event (events.js).
 */

/**
 * @typedef {{
 *   title: string, day: string, time?: string, minutes?: number, days?: number,
 *   text?: string, place?: string, url?: string, remind?: number,
 * }} CalendarEvent
 *   `day` is YYYY-MM-DD, `time` HH:MM; without a time it lasts `days` whole days. `remind`: minutes before the start,
 *   negative for after it (nine in the morning of a whole day is -540).
 */

/** @param {string} text */
export function escape(text) {
  return text.replace(/[\\;,]/g, "\\$&").replace(/\r\n|\r|\n/g, "\\n").replace(/[\u0000-\u0008\u000b-\u001f\u007f]/g, "");
}

/** Fold one content line; a letter is never torn apart. @param {string} line */
export function fold(line) {
  const encoder = new TextEncoder();
  let folded = "";
  let octets = 0;
  for (const letter of line) {
    const size = encoder.encode(letter).length;
    if (octets + size > 75) {
      folded += "\r\n ";
      octets = 1;
    }
    folded += letter;
    octets += size;
  }
  return folded;
}

/** @param {string} day @param {number} days */
function later(day, days) {
  const date = new Date(`${day}T00:00:00Z`);
  date.setUTCDate(date.getUTCDate() + days);
  return date.toISOString().slice(0, 10);
}

/** @param {string} day */
const plain = (day) => day.replaceAll("-", "");

/** @param {string} day @param {string} time @param {number} [minutes] */
function at(day, time, minutes = 0) {
  const [hour, minute] = time.split(":").map(Number);
  const all = hour * 60 + minute + minutes;
  const clock = ((all % 1440) + 1440) % 1440;
  const two = (/** @type {number} */ n) => String(n).padStart(2, "0");
  return `${plain(later(day, Math.floor(all / 1440)))}T${two(Math.floor(clock / 60))}${two(clock % 60)}00`;
}

function newUid() {
  // randomUUID needs https; this does not.
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** @param {number} minutes before the start */
function trigger(minutes) {
  const sign = minutes > 0 ? "-" : "";
  const all = Math.abs(minutes);
  const [days, hours, rest] = [Math.floor(all / 1440), Math.floor((all % 1440) / 60), all % 60];
  const time = hours || rest || !days ? `T${hours ? `${hours}H` : ""}${rest || !hours ? `${rest}M` : ""}` : "";
  return `${sign}P${days ? `${days}D` : ""}${time}`;
}

/**
 * @param {CalendarEvent[]} events
 * @param {Date} [now]
 * @returns {string} the file
 */
export function calendarFile(events, now = new Date()) {
  const stamp = `${now.toISOString().slice(0, 19).replace(/[-:]/g, "")}Z`;
  const lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Unstuck//Notes//EN", "CALSCALE:GREGORIAN"];
  for (const event of events) {
    lines.push("BEGIN:VEVENT", `UID:${newUid()}`, `DTSTAMP:${stamp}`);
    if (event.time) {
      lines.push(`DTSTART:${at(event.day, event.time)}`, `DTEND:${at(event.day, event.time, event.minutes ?? 60)}`);
    } else {
      const end = later(event.day, event.days ?? 1);
      lines.push(`DTSTART;VALUE=DATE:${plain(event.day)}`, `DTEND;VALUE=DATE:${plain(end)}`, "TRANSP:TRANSPARENT");
    }
    lines.push(`SUMMARY:${escape(event.title)}`, "CLASS:PRIVATE");
    if (event.place) lines.push(`LOCATION:${escape(event.place)}`);
    if (event.text) lines.push(`DESCRIPTION:${escape(event.text)}`);
    if (event.url) lines.push(`URL:${event.url}`);
    if (event.remind !== undefined) {
      lines.push("BEGIN:VALARM", "ACTION:DISPLAY", `DESCRIPTION:${escape(event.title)}`, `TRIGGER:${trigger(event.remind)}`);
      lines.push("END:VALARM");
    }
    lines.push("END:VEVENT");
  }
  lines.push("END:VCALENDAR");
  return lines.map((line) => `${fold(line)}\r\n`).join("");
}
