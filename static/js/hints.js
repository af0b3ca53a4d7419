// @ts-check
/**
 * A word before sending: what in a text may point to a person.
 *
 * Lives here: a few patterns that run on this phone alone; they inform, never
 * block, and what they find goes nowhere. Not here: anything that is sent.
 * They miss names and take other words for names: a help for the writer, not a
 * protection.
 */

/** Common first names of several languages; for German, where every noun has a capital, they are all there is. */
const NAMES = new Set(
  `Adam Adrian Agnes Ahmed Aisha Alan Alba Albert Aleksandra Alessandro Alex Alexander Alexandra Ali Alice Amelie Amir
Amy Ana Anders Andrea Andreas Andrew Andrzej Angela Angelika Anita Anja Anke Anna Anne Annette Antje Anton Antonio Astrid
Barbara Beate Ben Benjamin Bernd Birgit Björn Bob Brian Carla Carlos Carmen Caroline Catherine Charlotte Chen Chiara
Chris Christian Christina Christine Christoph Claire Clara Claudia Claus Cornelia Dagmar Daniel Daniela David Deborah
Diana Diego Dieter Dirk Dmitri Doris Ebru Edith Elena Elif Elisabeth Elke Emily Emma Enrico Eric Erik Ernst Esra Eva
Fatima Felix Finn Florian Francesca Francesco Frank Franz Friedrich Gabi Gabriele George Georg Gerd Gerhard Gisela
Giulia Greta Guido Günter Hannah Hannes Hans Harald Heike Heiko Heinz Helen Helga Helmut Hendrik Henrik Hiroshi Holger
Ibrahim Igor Ines Inga Ingo Ingrid Irene Isabel Ivan Jack Jakob James Jan Jana Jane Javier Jean Jennifer Jens Jessica
Jin Joachim Johan Johanna Johannes John Jonas Jorge José Josef Juan Julia Julian Juliane Jürgen Kai Karen Karin Karl
Karsten Katarzyna Kate Katharina Katja Katrin Kemal Kerstin Kevin Klaus Kristina Lars Laura Lea Lena Leon Leonie Li Lina
Linda Lisa Louis Louise Luca Lucas Lucia Luis Luisa Lukas Magdalena Maja Manfred Manuel Marcel Marco Marcus Margaret
Maria Marie Mario Marion Mark Markus Martin Martina Mary Mateusz Matthias Max Maximilian Mehmet Melanie Mia Michael
Michaela Michał Michel Miguel Mohamed Mohammed Monica Monika Moritz Mustafa Nadine Nadja Natalia Nicholas Nick Nicole
Niklas Nils Nina Noah Olaf Oleg Olga Oliver Olivia Omar Oskar Pablo Pascal Patricia Patrick Paul Paula Pavel Pedro Peter
Petra Philip Philipp Pierre Piotr Priya Rachel Raj Ralf Rebecca Regina Renate Richard Rita Robert Roberto Roland Rolf
Rosa Ruth Sabine Samuel Sandra Sara Sarah Sascha Sebastian Sergej Silke Silvia Simon Simone Sofia Sonja Sophia Sophie
Stefan Stefanie Stephan Steven Susan Susanne Svenja Sven Tanja Tatjana Theresa Thomas Thorsten Tim Tobias Tom Torsten
Udo Ulrich Ulrike Ursula Ute Uwe Valentina Vera Veronika Victor Victoria Vladimir Volker Walter Wei Werner Wolfgang
Yasmin Yuki Yusuf Zoe`.split(/\s+/),
);

/** Words with a capital that are no names where English is written. */
const NOT_NAMES = new Set(
  `I I'm I'd I'll I've Monday Tuesday Wednesday Thursday Friday Saturday Sunday January February March April May June July
August September October November December English German French Spanish Italian Dutch Polish Turkish European Christmas Easter
Excel Teams Outlook Zoom Slack Jira Word PowerPoint SharePoint Google Microsoft Internet OK PDF`.split(/\s+/),
);

const MAIL = /[^\s@<>()"“”]+@[^\s@<>()"“”]+\.[a-z]{2,}/giu;
const DATE =
  /\b(?:\d{4}-\d{2}-\d{2}|\d{1,2}[./]\s?\d{1,2}[./](?:\s?\d{2,4})?|\d{1,2}\.?\s(?:January|February|March|April|May|June|July|August|September|October|November|December|Januar|Februar|März|Mai|Juni|Juli|Oktober|Dezember)|(?:January|February|March|April|May|June|July|August|September|October|November|December)\s\d{1,2}(?:st|nd|rd|th)?)(?!\d)/giu;
const PHONE = /(?<![\d\w])(?:\+|00)?\(?\d[\d\s()/-]{6,}\d/gu;
const ONLY =
  /\b(?:as (?:the|our) only\b[^.,;!?\n]*|(?:the|our) only \w+ (?:who|that|in|on|here)\b[^.,;!?\n]*|als einzige[rsmn]?\b[^.,;!?\n]*|comme seule?\b[^.,;!?\n]*|como (?:el|la) únic[oa]\b[^.,;!?\n]*)/giu;
const GERMAN_TITLE = /\b(?:Herrn?|Frau)\s+(?:(?:Dr|Prof)\.\s+)*\p{Lu}[\p{L}-]+/gu;
const TITLE = /\b(?:Mrs?|Ms|Dr|Prof|Monsieur|Madame|Señora?)\.?\s+\p{Lu}[\p{L}-]+/gu;
const WORD = /\p{L}[\p{L}'’-]*/gu;

/** @param {string} text @param {number} index whether a sentence begins here */
function startsSentence(text, index) {
  return /(?:^|[.!?:…\n•–—-]|[.!?]["”’)])\s*["“„‘'(]*$/u.test(text.slice(0, index));
}

/**
 * Return what in a text may point to a person, as written there, each once, in the order of the text.
 *
 * @param {string} text
 * @param {string} [language] of the session: "de" changes what a capital letter means
 * @returns {string[]}
 */
export function hintsIn(text, language = "en") {
  /** @type {[number, string][]} */
  const found = [];
  let rest = text;
  for (const pattern of [MAIL, DATE, PHONE, GERMAN_TITLE, TITLE, ONLY]) {
    for (const match of rest.matchAll(pattern)) found.push([match.index, match[0].trim()]);
    rest = rest.replace(pattern, (all) => " ".repeat(all.length));
  }
  /** @type {[number, string][]} */
  const names = [];
  for (const match of text.matchAll(WORD)) {
    const said = match[0].replace(/['’]s?$/u, "");
    if (found.some(([at, other]) => match.index >= at && match.index < at + other.length && !ONLY_START.test(other))) continue;
    const german = language.startsWith("de");
    const isName = NAMES.has(said) || (german && NAMES.has(said.replace(/s$/, "")) && said.length > 4);
    const isCapital =
      !german && /^\p{Lu}\p{Ll}/u.test(said) && said.length > 1 && !NOT_NAMES.has(said) && !startsSentence(text, match.index);
    if (!isName && !isCapital) continue;
    const last = names.at(-1);
    const between = last ? text.slice(last[0] + last[1].length, match.index) : "";
    if (last && /^ +$/.test(between)) last[1] = text.slice(last[0], match.index + said.length); // Anna Berg is one person
    else names.push([match.index, said]);
  }
  const all = [...found, ...names].sort((a, b) => a[0] - b[0]).map(([, said]) => said);
  return [...new Set(all)].slice(0, 5);
}

const ONLY_START = /^(?:as |the |our |als |comme |como )/iu;

/**
 * Keep one calm line below a field that says what may point to a person.
 *
 * @param {HTMLTextAreaElement | HTMLInputElement} field
 * @param {string} sentence with {text} where the finds go
 */
export function watch(field, sentence) {
  const line = document.createElement("p");
  line.className = "hint quiet small";
  line.setAttribute("role", "status");
  line.dir = "auto";
  field.after(line);
  const look = () => {
    const finds = hintsIn(field.value, field.lang || document.documentElement.lang || "en");
    const said = finds.length ? sentence.replace("{text}", finds.map((one) => `“${one}”`).join(", ")) : "";
    if (line.textContent !== said) line.textContent = said;
  };
  let wait = 0;
  field.addEventListener("input", () => {
    window.clearTimeout(wait);
    wait = window.setTimeout(look, 300); // a half-written word is no name yet
  });
  field.addEventListener("blur", look);
  look();
}
