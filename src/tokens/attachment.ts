import type { Detail } from './vision.ts';

/** What stands in a request beside text. */
export interface Attachment {
  readonly kind: 'picture' | 'sound' | 'film' | 'text' | 'pages';
  /** Null where it lies elsewhere. */
  readonly base64: string | null;
  /** How closely it is to be looked at, where that is said. */
  readonly detail: Detail | null;
}

type Kind = Attachment['kind'];
/** Text members by name, whatever they lie in. */
type Flat = Readonly<Record<string, string>>;

const DEPTH = 3;
/** Members that hold the bytes of something, or say where it lies. */
const PLACES = ['data', 'bytes', 'file_data', 'image_url', 'file_url', 'video_url', 'audio_url', 'document_url', 'url'];
const MIMES = ['mimeType', 'mime_type', 'media_type', 'mediaType'];
const NAMES = ['format', 'filename', 'name', 'url', 'image_url', 'file_url', 'uri', 'fileUri', 'file_uri'];

/** By their first bytes. */
const MAGIC: readonly (readonly [RegExp, Kind])[] = [
  [/^\x89PNG|^\xff\xd8\xff|^GIF8|^RIFF.{4}WEBP/s, 'picture'],
  [/^%PDF|^PK/, 'pages'],
  [/^RIFF.{4}WAVE|^ID3|^OggS|^fLaC|^\xff[\xfa\xfb\xf2\xf3]/s, 'sound'],
  [/^.{4}ftyp(?!heic|avif|mif1|M4A)/s, 'film'],
];
const ENDINGS: readonly (readonly [RegExp, Kind])[] = [
  [/(?:^|\.)(?:png|jpe?g|gif|webp|bmp|heic|avif)$/, 'picture'],
  [/(?:^|\.)(?:wav|mp3|m4a|ogg|opus|flac|aac|pcm16)$/, 'sound'],
  [/(?:^|\.)(?:mp4|mov|mkv|webm|avi|mpe?g|three_gp|flv|wmv)$/, 'film'],
  [/(?:^|\.)(?:txt|md|csv|html|json|xml)$/, 'text'],
];
const TYPES: readonly (readonly [RegExp, Kind])[] = [
  [/^image\//, 'picture'],
  [/^audio\//, 'sound'],
  [/^video\//, 'film'],
  [/^text\/|^application\/json/, 'text'],
  [/^application\/(?!octet-stream)/, 'pages'],
];
const WORDS: readonly (readonly [RegExp, Kind])[] = [
  [/image|screenshot/, 'picture'],
  [/audio/, 'sound'],
  [/video/, 'film'],
];

/**
 * Reads what a part holds, in the words of any API.
 *
 * @param name the member it stands in, such as `image_url`
 * @param holder the part that has the member
 */
export function readAttachment(name: string, value: unknown, holder: Readonly<Record<string, unknown>>): Attachment {
  const own = typeof value === 'string' ? { [name]: value } : flatten(value, DEPTH);
  const beside = flatten(holder, 1);
  const place = [...PLACES, name].map((one) => own[one]).find((one) => one !== undefined);
  const { base64, said } = unpack(place ?? null);
  const mime = MIMES.map((one) => own[one]).find((one) => one !== undefined) ?? said;
  const words = `${name} ${beside.type} ${own.type}`;
  const kind =
    first(TYPES, mime.toLowerCase()) ?? ofBytes(base64) ?? ofNames({ ...beside, ...own }) ?? first(WORDS, words);
  return { kind: kind ?? 'pages', base64, detail: detailOf(own) ?? detailOf(beside) };
}

function flatten(value: unknown, depth: number): Flat {
  const flat: Record<string, string> = {};
  if (typeof value !== 'object' || value === null || depth === 0) return flat;
  for (const [name, member] of Object.entries(value)) if (typeof member === 'string') flat[name] = member;
  for (const member of Object.values(value))
    for (const [name, text] of Object.entries(flatten(member, depth - 1))) flat[name] ??= text;
  return flat;
}

/** A data URL says what it holds. Any other URL, and the id of a file, says that it lies elsewhere. */
function unpack(place: string | null): { base64: string | null; said: string } {
  if (place === null) return { base64: null, said: '' };
  const comma = /^data:[^,]{0,256},/.exec(place)?.[0].length;
  if (comma !== undefined) return { base64: place.slice(comma), said: /^data:([^;,]*)/.exec(place)?.[1] ?? '' };
  return { base64: /^(?:[a-z][a-z0-9+.-]{1,15}:|file-)/i.test(place) ? null : place, said: '' };
}

function ofBytes(base64: string | null): Kind | undefined {
  return base64 === null ? undefined : first(MAGIC, Buffer.from(base64.slice(0, 24), 'base64').toString('latin1'));
}

function ofNames(flat: Flat): Kind | undefined {
  for (const one of NAMES) {
    const name = flat[one]?.slice(-256).toLowerCase();
    const kind = name && first(ENDINGS, name.replace(/[?#].*$/, ''));
    if (kind) return kind;
  }
  return undefined;
}

const first = (rows: readonly (readonly [RegExp, Kind])[], text: string): Kind | undefined =>
  rows.find(([pattern]) => pattern.test(text))?.[1];

const DETAILS: Readonly<Record<string, Detail>> = {
  low: 'low',
  medium: 'medium',
  high: 'high',
  original: 'original',
  auto: 'auto',
  ultra_high: 'original',
};

/** OpenAI's `detail`, and Gemini's `mediaResolution`: `MEDIA_RESOLUTION_LOW`, or an object with a `level`. */
export function detailOf(words: Readonly<Record<string, unknown>>): Detail | null {
  const said = words.detail ?? words.mediaResolution ?? words.media_resolution ?? words.level;
  if (typeof said !== 'string') return null;
  const word = said.toLowerCase().replace(/^media_resolution_/, '');
  return Object.hasOwn(DETAILS, word) ? DETAILS[word]! : null;
}
