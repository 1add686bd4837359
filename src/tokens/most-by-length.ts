import { pictureSize } from './picture-size.ts';
import { SearchMany } from './search-many.ts';
import { isBase64 } from './thin.ts';
import type { Bytes, MostTokens } from './token-count.ts';
import { dearestVision, type Vision, visionOf } from './vision.ts';

/** Larger bodies are not looked into, bytes: they are more than any context window holds. */
const MOST_BYTES = 8 * 1024 * 1024;
/** For what stands around the parts of a prompt and is not in its JSON. */
const SLACK = 16;
/** Anthropic puts up to 804 tokens before tools, and up to 1,300 in the place of one that it defines itself. */
const CLAUDE_TOOLS = 820;
const CLAUDE_BUILT_IN = 1300;
/** Characters of base64 that are enough for the size of a picture: those of a JPEG with a usual head. */
const HEAD = 64 * 1024;
const QUOTE = 34;
const BACKSLASH = 92;
/** Letters at the end of base64 that are looked at: a text that only begins like a picture has others. */
const TAIL = 256;
/** Bytes before a text that its member's name and the beginning of a data URL may take. */
const NAME = 128;
const HOLDER =
  /"(?:data|bytes|image|file_data|image_data|url|image_url)"\s*:\s*"(?:data:image\/[a-z0-9.+-]{1,32};base64,)?$|"images"\s*:\s*\[\s*"$/;

/**
 * How pictures begin in base64: `iVBORw0KGgo`, `/9j/`, `R0lGOD`, `UklGR`. The letter in front is
 * left out where it is a common one; a word that begins with a rare one is found much faster.
 */
const PICTURES: readonly { readonly word: Buffer; readonly before: number }[] = [
  { word: Buffer.from('VBORw0'), before: 1 },
  { word: Buffer.from('/9j/'), before: 0 },
  { word: Buffer.from('R0lGOD'), before: 0 },
  { word: Buffer.from('UklGR'), before: 0 },
];
/** Documents, whose text is packed: PDF, and all that are ZIP files. */
const DOCUMENTS = [Buffer.from('JVBERi'), Buffer.from('UEsDB')];

/** What is not here. Of a picture it is known what it may cost; anything else may be as long as the context window. */
const WORDS: readonly (readonly [word: string, kind: 'picture' | 'source' | 'unseen' | 'id'])[] = [
  ['"image_url"', 'picture'],
  ['"type":"url"', 'source'],
  ['"type": "url"', 'source'],
  ['"file_url"', 'unseen'],
  ['"video_url"', 'unseen'],
  ['"audio_url"', 'unseen'],
  ['"document_url"', 'unseen'],
  ['"file_id"', 'unseen'],
  ['"fileUri"', 'unseen'],
  ['"file_uri"', 'unseen'],
  ['"s3Location"', 'unseen'],
  ['"previous_response_id"', 'unseen'],
  ['"previous_interaction_id"', 'unseen'],
  ['"cachedContent"', 'unseen'],
  ['"cached_content"', 'unseen'],
  ['"conversation"', 'unseen'],
  ['"id":"pmpt_', 'id'],
  ['"id": "pmpt_', 'id'],
];
const ELSEWHERE = new SearchMany(WORDS.map(([word]) => word));
/** Bytes behind a member's name that show whether it is one, and what it holds. */
const VALUE = 48;
/** Bytes around the place of a document that say that it is none of a picture. */
const AROUND = 128;

/**
 * What a prompt has at most, without a tokenizer: in every tokenizer in use no byte is more
 * than one token. Pictures count what their model takes for them at most, instead of the bytes
 * of their base64. A few searches of the memory, unless there is something to be found.
 *
 * @param model null: whichever it will be
 */
export function mostByLength(body: Bytes, model: string | null = null): MostTokens {
  const { length } = body;
  if (length > MOST_BYTES) return { tokens: length, hasUnseen: true };
  const part = body.slice(0, length);
  const bytes = Buffer.from(part.buffer, part.byteOffset, part.byteLength);
  const look = model === null ? dearestVision : visionOf(model);
  const { tokens, spared } = picturesIn(bytes, look);
  const { pictures, hasUnseen } = elsewhereIn(bytes);
  const elsewhere = pictures === 0 ? 0 : pictures * look(null, 'original').most;
  const around = model === null || model.includes('claude') ? claudeTools(bytes) : 0;
  return {
    tokens: length - spared + tokens + elsewhere + around + SLACK,
    hasUnseen: hasUnseen || DOCUMENTS.some((word) => bytes.includes(word)),
  };
}

/** Pictures that are here: what they count, and the bytes that do not. */
function picturesIn(bytes: Buffer, look: Vision): { tokens: number; spared: number } {
  let tokens = 0;
  let spared = 0;
  let last = -1;
  for (const { word, before } of PICTURES) {
    for (let at = bytes.indexOf(word); at !== -1; at = bytes.indexOf(word, at)) {
      const start = at - before;
      at += word.length;
      if (!isHeld(bytes, start, last)) continue;
      const end = bytes.indexOf(QUOTE, at);
      if (end === -1 || !isBase64(bytes, Math.max(at, end - TAIL), end)) continue;
      const size = pictureSize(bytes.toString('latin1', start, Math.min(end, start + HEAD)));
      tokens += look(size, 'original').most;
      spared += end - start;
      at = end;
      last = end;
    }
  }
  return { tokens, spared };
}

/** Whether base64 that begins here is what a part holds, and no text: it stands in one of their members, or in a list after another. */
function isHeld(bytes: Buffer, start: number, last: number): boolean {
  const before = bytes.toString('latin1', Math.max(0, start - NAME), start);
  return (
    HOLDER.test(before) ||
    (last !== -1 && /^"\s*,\s*"$/.test(bytes.toString('latin1', last, Math.min(start, last + NAME))))
  );
}

function elsewhereIn(bytes: Buffer): { pictures: number; hasUnseen: boolean } {
  let pictures = 0;
  let hasUnseen = false;
  ELSEWHERE.find(bytes, (which, end) => {
    const [word, kind] = WORDS[which]!;
    const start = end - word.length;
    if (bytes[start - 1] === BACKSLASH) return;
    const behind = bytes.toString('latin1', end, end + VALUE);
    if (kind === 'id') hasUnseen = true;
    else if (kind === 'source') {
      pictures++;
      hasUnseen ||= /"document"/.test(bytes.toString('latin1', Math.max(0, start - AROUND), end + AROUND));
    } else if (/^\s*:\s*(?!null)/.test(behind)) {
      if (kind === 'unseen') hasUnseen = true;
      else if (!/^\s*:\s*(?:\{\s*"url"\s*:\s*)?"data:/.test(behind)) pictures++;
    }
  });
  return { pictures, hasUnseen };
}

const TOOLS = Buffer.from('"tools"');
/** Their types end with a date: `text_editor_20250728`. */
const BUILT_IN = Buffer.from('_20');

function claudeTools(bytes: Buffer): number {
  if (!bytes.includes(TOOLS)) return 0;
  let builtIn = 0;
  for (let at = bytes.indexOf(BUILT_IN); at !== -1; at = bytes.indexOf(BUILT_IN, at + 3))
    if (/"type"\s*:\s*"[a-z_]{1,40}_20\d{6}"/.test(bytes.toString('latin1', Math.max(0, at - 60), at + 10))) builtIn++;
  return CLAUDE_TOOLS + CLAUDE_BUILT_IN * builtIn;
}
