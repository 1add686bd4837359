import type { Attachment } from './attachment.ts';
import { durationOf } from './duration.ts';
import { plainName } from './model-name.ts';
import { pictureSize } from './picture-size.ts';
import { bytesIn } from './thin.ts';
import { type Detail, type Vision, visionOf } from './vision.ts';

/** Tokens. */
export interface Weight {
  readonly tokens: number;
  /** Where it is not known: what it may be. */
  readonly most: number;
  /** Not even that can be told: a document's text is packed, or it is not here. */
  readonly isUnseen: boolean;
  /** A figure stands for it; nothing was measured. */
  readonly isRough: boolean;
}

/** Tokens of a second of sound: Gemini's, the most of all; OpenAI has one for 100 ms. */
const SOUND = 32;
const SOUND_OPENAI = 10;
/** Tokens of a second of film, with its sound: Gemini's up to 2.5, a picture of 258 each second, and from 3 on, of 70. */
const FILM = 290;
const FILM_GEMINI_3 = 102;
/** Tokens of a page: Claude reads its text and looks at it, which was measured; Gemini looks at it; of others a figure. */
const PAGE_CLAUDE = 2750;
const PAGE_GEMINI = 258;
const PAGE_GEMINI_3 = 560;
const PAGE = 1500;
/** Bytes of a page, where pages cannot be counted. */
const BYTES_PER_PAGE = 50_000;
/** What is not here is taken for a minute, and for so many pages. */
const ELSEWHERE_SECONDS = 60;
const ELSEWHERE_PAGES = 4;
const BYTES_PER_TOKEN = 4;

const GEMINI_3 = /gemini-(?:[a-z-]+-)?(?:[3-9]|\d\d)/;

/** Says what pictures, recordings, films and documents cost with one model. */
export class Scales {
  readonly #look: Vision;
  readonly #page: number;
  readonly #rates: { readonly sound: number; readonly film: number };

  constructor(model: string | null) {
    const name = plainName(model ?? '');
    const isNew = GEMINI_3.test(name);
    this.#look = visionOf(model);
    if (name.includes('claude')) this.#page = PAGE_CLAUDE;
    else if (name.includes('gemini')) this.#page = isNew ? PAGE_GEMINI_3 : PAGE_GEMINI;
    else this.#page = PAGE;
    this.#rates = { sound: /^(?:gpt|chatgpt)-/.test(name) ? SOUND_OPENAI : SOUND, film: isNew ? FILM_GEMINI_3 : FILM };
  }

  /** @param detail how closely pictures are looked at that do not say it */
  weigh({ kind, base64, detail: own }: Attachment, detail: Detail): Weight {
    if (kind === 'picture') return this.#picture(base64, own ?? detail);
    if (kind === 'sound' || kind === 'film') return this.#recording(kind, base64);
    if (kind === 'pages' || base64 === null) return this.#document(base64);
    const bytes = bytesIn(base64);
    return { tokens: Math.ceil(bytes / BYTES_PER_TOKEN), most: bytes, isUnseen: false, isRough: true };
  }

  #picture(base64: string | null, detail: Detail): Weight {
    const size = base64 === null ? null : pictureSize(base64);
    return { ...this.#look(size, detail), isUnseen: false, isRough: size === null };
  }

  #recording(kind: 'sound' | 'film', base64: string | null): Weight {
    const rate = this.#rates[kind];
    const elsewhere = { seconds: ELSEWHERE_SECONDS, most: ELSEWHERE_SECONDS };
    const { seconds, most } = base64 === null ? elsewhere : durationOf(kind, base64);
    const isUnseen = base64 === null;
    return { tokens: Math.ceil(seconds * rate), most: Math.ceil(most * rate), isUnseen, isRough: true };
  }

  #document(base64: string | null): Weight {
    const tokens = this.#page * (base64 === null ? ELSEWHERE_PAGES : pagesIn(base64));
    return { tokens, most: tokens, isUnseen: true, isRough: true };
  }
}

/** Pages of a PDF, as far as they are not packed; of what cannot be looked into by its bytes. */
function pagesIn(base64: string): number {
  const bytes = Buffer.from(base64, 'base64');
  const seen = bytes.toString('latin1').match(/\/Type\s*\/Page(?![a-z])/g)?.length ?? 0;
  const all = bytesIn(base64);
  return seen > 0 ? Math.ceil((seen * all) / bytes.length) : Math.max(1, Math.ceil(all / BYTES_PER_PAGE));
}
