import {
  AnswerMeter,
  type AnswerReader,
  asObject,
  count,
  type Draft,
  type JsonMembers,
  type LateBill,
  type LateHead,
  type LateMeter,
  membersOf,
  nameOf,
  type Reading,
  type SseEvent,
  type TakeShare,
} from '../../src/adapter.ts';
import { BATCH_TIER, LinesMeter, takeAnswer } from './_late-lines.ts';
import { ChatReader } from './_openai-chat-reader.ts';
import { MediaReader } from './_openai-media-reader.ts';
import { ResponsesReader } from './_openai-responses-reader.ts';
import { readChatUsage, readResponsesUsage } from './_openai-usage.ts';

/** One thing that is kept: a batch, the content of a file, a response. */
const KEPT = /\/(batches|files|responses)\/([^/]+)(?:\/(content|cancel))?$/;
const BATCHES = 'openai.batches';
/** A batch that changes no more. Those that were ended early have used what they had done by then. */
const OVER = new Set(['completed', 'expired', 'cancelled']);
const CREATED_AT = '"created_at"';
const OVER_AT = ['completed_at', 'expired_at', 'cancelled_at'];

/** Reads what OpenAI, and who speaks like it, tells later: of batches, and of responses made in the background. */
export function openaiLate(head: LateHead, take: TakeShare): LateMeter | null {
  const [, kind, id, rest] = KEPT.exec(head.path) ?? [];
  if (kind === undefined || id === undefined || head.status !== 200 || head.method === 'DELETE') return null;
  if (kind === 'files') return rest === 'content' ? new LinesMeter(fileBill(id), lineReader(head, take)) : null;
  if (rest === 'content') return null;
  return kind === 'batches' ? batchMeter(head, take) : storedMeter(head, take);
}

/**
 * What a batch is billed by is the file of its answers: the batch names it and may tell the
 * sum, the file itself tells each answer. Whichever comes first is the bill, and the other
 * one adds nothing.
 */
function fileBill(file: string): LateBill {
  return { kind: 'batch', id: `file ${file}`, responseId: file, api: BATCHES, at: null, background: false };
}

/** Reads a line of a batch's output file. Other files have lines of other members. */
function lineReader(head: LateHead, take: TakeShare): (line: JsonMembers) => boolean {
  return (line) => {
    const response = line.get('custom_id') === undefined ? null : line.within('response');
    const body = response?.get('status_code') === 200 ? response.text('body') : undefined;
    if (body === undefined) return false;
    const bytes = Buffer.from(body);
    const reader = readerOf(membersOf(bytes), head);
    if (reader === null) return false;
    takeAnswer(head, reader, bytes, take);
    return true;
  };
}

/** The reader of one answer, told by its looks; null for what is free of charge. */
function readerOf(body: JsonMembers, head: LateHead): AnswerReader | null {
  const object = body.get('object');
  if (object === 'response') return new ResponsesReader();
  if (object === 'list') return new ChatReader(true, head);
  if (object !== undefined) return new ChatReader(false, head);
  // Moderations have results and images have data; neither says what it is.
  return body.size('results') > 0 ? null : new MediaReader({ ...head, api: 'openai.images' });
}

/** Reads an answer whole, and then says what it is the bill of. */
class WholeMeter implements LateMeter {
  readonly #meter: AnswerMeter;
  readonly #bill: (reading: Reading) => LateBill | null;

  constructor(head: LateHead, reader: AnswerReader, bill: (reading: Reading) => LateBill | null) {
    this.#meter = new AnswerMeter(head, reader, true);
    this.#bill = bill;
  }

  push(chunk: Uint8Array): void {
    this.#meter.push(chunk);
  }

  end(whole: boolean): LateBill | null {
    return this.#bill(this.#meter.end(whole));
  }
}

/** Reads a batch that is over: its model, and the sum of what all of its answers have used. */
function batchMeter(head: LateHead, take: TakeShare): LateMeter {
  const reader = new BatchReader();
  return new WholeMeter(head, reader, (reading) => {
    const { id, file, at, answers, isOver } = reader;
    const used = (reading.usage?.input_tokens ?? 0) + (reading.usage?.output_tokens ?? 0);
    if (reading.ending !== 'complete' || !isOver || id === null || used === 0) return null;
    // Without a model there is no price, but the file names it.
    if (reading.model === null && file !== null) return null;
    take({ reading: { ...reading, serviceTier: BATCH_TIER }, answers, at });
    const bill = file === null ? { ...fileBill(''), id: `batch ${id}` } : fileBill(file);
    return { ...bill, responseId: id, at };
  });
}

class BatchReader implements AnswerReader {
  readonly members = ['id', 'status', 'usage', 'model', 'request_counts', 'output_file_id', ...OVER_AT];
  id: string | null = null;
  /** The file of its answers. */
  file: string | null = null;
  at: Date | null = null;
  answers = 1;
  isOver = false;

  event(): void {}

  body(body: JsonMembers, draft: Draft): void {
    this.id = nameOf(body.get('id'));
    this.file = nameOf(body.get('output_file_id'));
    this.isOver = OVER.has(String(body.get('status')));
    for (const name of OVER_AT) this.at ??= timeOf(body.get(name));
    this.answers = Math.max(1, count(asObject(body.get('request_counts')), 'completed', draft.note) ?? 1);
    const usage = asObject(body.get('usage'));
    const isChat = usage !== null && 'prompt_tokens' in usage;
    draft.usage = isChat ? readChatUsage(usage, draft.note) : readResponsesUsage(usage, draft.note);
    draft.usageIsFinal = true;
    draft.model = nameOf(body.get('model'));
    draft.keepRawUsage(body.text('usage'));
  }

  finish(): void {}
}

/** Reads a response that is fetched, as JSON or as a stream that goes on. */
function storedMeter(head: LateHead, take: TakeShare): LateMeter {
  const reader = new StoredReader();
  return new WholeMeter(head, reader, (reading) => {
    const { responseId } = reading;
    if (reading.usageStatus !== 'final' || responseId === null) return null;
    const { at, background } = reader;
    take({ reading, answers: 1, at });
    return { kind: 'response', id: `response ${responseId}`, responseId, api: 'openai.responses', at, background };
  });
}

/** The reader of responses, and what else tells whose this one is. */
class StoredReader implements AnswerReader {
  readonly #inner = new ResponsesReader();
  readonly members = [...this.#inner.members, 'created_at', 'background'];
  at: Date | null = null;
  background = false;

  event(event: SseEvent, draft: Draft): void {
    this.#inner.event(event, draft);
    if (this.at !== null || event.data === null || !event.raw.includes(CREATED_AT)) return;
    const response = membersOf(event.data).within('response');
    if (response) this.#identify(response);
  }

  body(body: JsonMembers, draft: Draft): void {
    this.#inner.body(body, draft);
    this.#identify(body);
  }

  finish(draft: Draft): void {
    this.#inner.finish(draft);
  }

  #identify(response: JsonMembers): void {
    this.at = timeOf(response.get('created_at'));
    this.background = response.get('background') === true;
  }
}

/** Seconds since 1970, as OpenAI tells times. */
function timeOf(seconds: unknown): Date | null {
  const isTime = typeof seconds === 'number' && seconds > 0 && seconds < 1e11;
  return isTime ? new Date(seconds * 1000) : null;
}
