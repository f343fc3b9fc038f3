// Words cut into captions: two short lines that stay long enough to be read, and end with a sentence
// where they can, as those of lwd/text/captions.py do.
// Knows nothing of the page, nor of how captions are written down.

const LONGEST_LINE = 42; // characters, as subtitles are mostly set
const LONGEST_S = 6;
const PAUSE_S = 1; // after which a caption does not wait for more words
const SHORTEST_S = 1;
const SENTENCE_ENDS = /[.?!。？！]$/;

// Captions `{start, end, channel, lines}` of a transcript, in the order in which they begin;
// `label(line)` is what is to stand before each of them, and takes room in its first line.
export function captions(transcript, label = () => "") {
  const cut = transcript.lines.flatMap((line) => {
    const lead = label(line).length;
    return runs(line.settledWords, lead).map((words) => caption(words, lead, line.channel));
  });
  cut.sort((one, other) => one.start - other.start);
  return cut.map((one, n) => ({ ...one, end: lengthened(one, following(cut, n)) }));
}

function runs(words, lead) {
  const cut = [];
  let run = [];
  for (const word of words) {
    if (run.length && !joins(run, word, lead)) {
      cut.push(run);
      run = [];
    }
    run.push(word);
  }
  return run.length ? [...cut, run] : cut;
}

function joins(run, word, lead) {
  const last = run[run.length - 1];
  return (
    wrap([...run, word], lead).length <= 2 &&
    word.end - run[0].start <= LONGEST_S &&
    word.start - last.end < PAUSE_S &&
    !endsSentence(run)
  );
}

// A sentence of a word or two does not stand alone.
function endsSentence(run) {
  const text = run.map((word) => word.text).join(" ");
  return SENTENCE_ENDS.test(text) && text.length >= LONGEST_LINE / 2;
}

function caption(words, lead, channel) {
  const { start } = words[0];
  return { start, end: words[words.length - 1].end, channel, lines: wrap(words, lead) };
}

function wrap(words, lead) {
  const lines = [];
  for (const { text } of words) {
    const last = lines[lines.length - 1];
    const room = lines.length > 1 ? LONGEST_LINE : LONGEST_LINE - lead;
    if (last !== undefined && last.length + 1 + text.length <= room) {
      lines[lines.length - 1] = `${last} ${text}`;
    } else {
      lines.push(text);
    }
  }
  return lines;
}

function following(cut, n) {
  return cut.slice(n + 1).find((other) => other.channel === cut[n].channel);
}

// A word or two are over before they are read, so they stay until something else comes.
function lengthened({ start, end }, next) {
  const wanted = Math.max(end, start + SHORTEST_S);
  return next ? Math.max(end, Math.min(wanted, next.start)) : wanted;
}
