/** What a picture costs, by the formulas of the vendors. */
import { claudeVersion, plainName } from './model-name.ts';
import type { Size } from './picture-size.ts';

/** How closely a picture is to be looked at, in the words of all vendors. */
export type Detail = 'low' | 'medium' | 'high' | 'original' | 'auto';

/** Tokens. */
export interface Look {
  readonly tokens: number;
  /** Where the size, or what `auto` will come to, is not known: what it may come to. */
  readonly most: number;
}

/** How a model looks at pictures. `size` null: nobody knows it here. */
export type Vision = (size: Size | null, detail: Detail) => Look;

/** A picture whose size nobody knows is taken for one of 1024 x 1024. */
const USUAL: Size = { width: 1024, height: 1024 };

/**
 * OpenAI's tiles of 512 pixels: the picture is shrunk into 2048 x 2048, then to 768 on its
 * shorter side. Of small ones it is not said whether they grow to that; `most` has them grow.
 */
function tiles(base: number, tile: number): Vision {
  const most = base + 8 * tile;
  return (size, detail) => {
    if (detail === 'low') return { tokens: base, most: base };
    const tokens = base + tile * tilesIn(size ?? USUAL, 1);
    if (size === null) return { tokens, most };
    return { tokens, most: Math.min(most, base + tile * tilesIn(size, Number.POSITIVE_INFINITY)) };
  };
}

function tilesIn({ width, height }: Size, mostGrowth: number): number {
  const fit = Math.min(1, 2048 / Math.max(width, height));
  const scale = Math.min(mostGrowth, 768 / (fit * Math.min(width, height))) * fit;
  const across = (side: number): number => Math.ceil(Math.max(1, Math.round(side * scale)) / 512);
  return across(width) * across(height);
}

/** So many patches, and so many pixels on a side, are left of a picture that is larger. */
interface Budget {
  readonly patches: number;
  readonly side: number;
}

interface PatchRule {
  /** Tokens for each patch of 32 x 32 pixels. */
  readonly factor: number;
  readonly high: Budget;
  readonly original?: Budget;
  readonly auto?: 'original';
}

const LOW: Budget = { patches: 256, side: 512 };

/** OpenAI's patches of 32 pixels. */
function patches({ factor, high, original = high, auto }: PatchRule): Vision {
  const tokensOf = (count: number): number => Math.ceil(count * factor - 1e-9);
  return (size, detail) => {
    const meant = detail === 'low' ? LOW : detail === 'original' || (detail === 'auto' && auto) ? original : high;
    const worst = detail === 'auto' ? original : meant === LOW && original === high ? high : meant;
    const tokens = tokensOf(patchesIn(size ?? USUAL, meant));
    return { tokens, most: Math.max(tokens, tokensOf(size === null ? worst.patches : patchesIn(size, worst))) };
  };
}

/** As OpenAI's guide to images works it out, step by step. */
function patchesIn({ width, height }: Size, { patches: budget, side }: Budget): number {
  const fit = Math.min(1, side / Math.max(width, height));
  const whole = patchCount(Math.round(width * fit), Math.round(height * fit));
  if (whole <= budget) return whole;
  const shrink = Math.sqrt((32 * 32 * budget) / (width * height));
  const across = (width * shrink) / 32;
  const down = (height * shrink) / 32;
  const adjusted = shrink * Math.min(Math.floor(across) / across, Math.floor(down) / down);
  return Math.max(1, Math.min(budget, patchCount(Math.floor(width * adjusted), Math.floor(height * adjusted))));
}

const patchCount = (width: number, height: number): number =>
  Math.ceil(Math.max(1, width) / 32) * Math.ceil(Math.max(1, height) / 32);

/** Claude's patches of 28 pixels, after the picture is shrunk into a longest side and a number of patches. */
function claude(side: number, budget: number): Vision {
  return (size) => {
    const tokens = claudePatches(size ?? USUAL, side, budget);
    return { tokens, most: size === null ? budget : tokens };
  };
}

function claudePatches({ width, height }: Size, side: number, budget: number): number {
  const longer = Math.max(width, height);
  const ratio = Math.min(width, height) / longer;
  const count = (long: number): number => Math.ceil(long / 28) * Math.ceil(Math.max(1, Math.round(long * ratio)) / 28);
  let fits = 1;
  let above = Math.min(longer, side) + 1;
  while (above - fits > 1) {
    const middle = Math.floor((fits + above) / 2);
    if (count(middle) <= budget) fits = middle;
    else above = middle;
  }
  return count(fits);
}

const GEMINI_TILE = 258;
/** Tiles of a picture whose sides are no further apart than 3 to 1. */
const GEMINI_MOST_TILES = 12;
const GEMINI_3 = { low: 280, medium: 560, high: 1120, original: 2240, auto: 1120 } as const;

/** Up to 2.5: one tile up to 384 x 384, else as many as fit, each two thirds as wide as the shorter side. */
const gemini: Vision = (size, detail) => {
  if (detail === 'low') return { tokens: 64, most: GEMINI_TILE };
  if (detail === 'medium') return { tokens: GEMINI_TILE, most: GEMINI_TILE };
  const { width, height } = size ?? USUAL;
  if (size !== null && width <= 384 && height <= 384) return { tokens: GEMINI_TILE, most: GEMINI_TILE };
  const unit = Math.max(1, Math.min(768, Math.floor(Math.min(width, height) / 1.5)));
  const tokens = GEMINI_TILE * Math.ceil(width / unit) * Math.ceil(height / unit);
  return { tokens, most: size === null ? GEMINI_TILE * GEMINI_MOST_TILES : tokens };
};

/** From 3 on by the resolution alone, which a part may set for itself. */
const gemini3: Vision = (_, detail) => ({ tokens: GEMINI_3[detail], most: GEMINI_3[detail] });

/**
 * Of other models a figure: most of them cut pictures into patches of 28 pixels, and shrink
 * those of more than a megapixel; Qwen keeps up to 16,384 patches.
 */
const anybody: Vision = (size) => {
  const count = size === null ? 1369 : Math.ceil(size.width / 28) * Math.ceil(size.height / 28);
  return { tokens: Math.min(1600, count), most: size === null ? 16_384 : Math.min(16_384, Math.max(1600, count)) };
};

const OF_1536: Budget = { patches: 1536, side: 2048 };
const OF_2500: Budget = { patches: 2500, side: 2048 };
const OF_10000: Budget = { patches: 10_000, side: 6000 };
const UNSHRUNK: Budget = { patches: 30_000, side: 65_535 };
const NEWEST: PatchRule = { factor: 1.2, high: { patches: 2500, side: 65_535 }, original: UNSHRUNK, auto: 'original' };

/** developers.openai.com/api/docs/guides/images-vision, 2026-09; 1.2 where that names no factor and was measured. */
const OPENAI: readonly [RegExp, Vision][] = [
  [/^gpt-4o-mini/, tiles(2833, 5667)],
  [/^gpt-4\.1-mini/, patches({ factor: 1.62, high: OF_1536 })],
  [/^gpt-4\.1-nano/, patches({ factor: 2.46, high: OF_1536 })],
  [/^o4-mini/, patches({ factor: 1.72, high: OF_1536 })],
  [/^(chatgpt-4o|gpt-4o|gpt-4\.1|gpt-4\.5|gpt-4-turbo|gpt-4-vision|gpt-4-1106-vision)/, tiles(85, 170)],
  [/^o[13]/, tiles(75, 150)],
  [/^computer-use/, tiles(65, 129)],
  [/^gpt-5(\.1)?-(codex-)?mini/, patches({ factor: 1.62, high: OF_1536 })],
  [/^gpt-5-nano/, patches({ factor: 2.46, high: OF_1536 })],
  [/^gpt-5(\.1)?(?![.\d])/, tiles(70, 140)],
  [/^gpt-5\.[23](?!\d)/, patches({ factor: 1.2, high: OF_1536 })],
  [/^gpt-5\.\d+-mini/, patches({ factor: 1.62, high: OF_1536 })],
  [/^gpt-5\.\d+-nano/, patches({ factor: 2.46, high: OF_1536 })],
  [/^gpt-5\.4(?!\d)/, patches({ factor: 1.2, high: OF_2500, original: OF_10000 })],
  [/^gpt-5\.5(?!\d)/, patches({ factor: 1.2, high: OF_2500, original: OF_10000, auto: 'original' })],
  [/^(gpt-5\.\d|gpt-[6-9]|gpt-\d\d)/, patches(NEWEST)],
];

/** platform.claude.com/docs/en/build-with-claude/vision, 2026-08. */
const CLAUDE = claude(1568, 1568);
const CLAUDE_FROM_4_7 = claude(2576, 4784);

const DEAREST: readonly Vision[] = [tiles(2833, 5667), patches(NEWEST), CLAUDE_FROM_4_7, gemini, gemini3, anybody];

/** What a picture costs with the model that takes most for it, for those who do not know which one it will be. */
export const dearestVision: Vision = (size, detail) => {
  const looks = DEAREST.map((look) => look(size, detail));
  const most = Math.max(...looks.map((look) => look.most));
  return { tokens: most, most };
};

/** Tells how a model looks at pictures. */
export function visionOf(model: string | null): Vision {
  const name = plainName(model ?? '');
  const known = OPENAI.find(([pattern]) => pattern.test(name));
  if (known !== undefined) return known[1];
  if (name.includes('claude')) return claudeVersion(name) >= 4.7 ? CLAUDE_FROM_4_7 : CLAUDE;
  const [, gen] = /gemini-(?:[a-z-]+-)?(\d+)/.exec(name) ?? [];
  if (gen !== undefined) return Number(gen) >= 3 ? gemini3 : gemini;
  return anybody;
}
