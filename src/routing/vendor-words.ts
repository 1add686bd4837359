import type { FailureClass } from '../pipeline/plan.ts';
import type { ErrorWords } from './error-words.ts';

/** Words that vendors say what is wrong with, all in lower case. Read in this order: the first that fits tells. */
interface Saying {
  means: FailureClass;
  /** Types and codes. */
  codes?: RegExp;
  /** What the message has. */
  text?: RegExp;
  /** With these statuses only. */
  statuses?: readonly number[];
}

const SAYINGS: readonly Saying[] = [
  {
    // OpenAI, Anthropic, Gemini: reasoning or an id that another account or another model has made.
    means: 'foreign_state',
    codes: /\b(?:invalid_encrypted_content|previous_response_not_found|conversation_not_found)\b/,
    text: /encrypted content .{0,200}could not be (?:verified|decrypted)|invalid `?signature`? in `?(?:redacted_)?thinking`? block|(?:invalid|corrupted|missing a) thought[ _]?signature|thought[ _]?signature is not valid|previous response with id .{0,200}not found|item with id .{0,200}not found|items are not persisted/,
  },
  {
    // OpenAI says by 429 that one request is larger than a minute's tokens, Anthropic that the account has no long context: no wait helps.
    means: 'context_length',
    codes:
      /\b(?:context_length_exceeded|context_window_exceeded|exceed_context_size_error|request_too_large|tokens_limit_reached|model_max_prompt_tokens_exceeded|string_above_max_length)\b/,
    text: /request too large for|required for long context|reduce the length|maximum context length|(?:prompt|input) (?:is )?too long|too long for requested model|token count .{0,40}exceeds|exceeds? the (?:context window|available context size|maximum (?:number of tokens|allowed input length|context length))|exceed context limit|maximum prompt length|greater than the context length|longer than the (?:maximum )?model|too large for model with|context window exceeds limit|exceeded model token limit|context length exceeded|less than the context length|`inputs` (?:must have less|tokens \+)/,
  },
  {
    means: 'content_filter',
    codes:
      /\b(?:content_filter|content_filtered|content_policy_violation|responsibleaipolicyviolation|moderation_blocked|data_inspection_failed|datainspectionfailed|prohibited_content|cyber_policy)\b/,
    text: /content management policy|content filtering policy|content[ _]policy|content exists risk|usage guidelines|usage policy|safety system|input was flagged|prompt was flagged|requires moderation/,
  },
  {
    // Bedrock: the model is starting. Moonshot, Gemini and others say by 429 that it is them, not the client.
    means: 'overloaded',
    codes:
      /\b(?:overloaded_error|overloaded|engine_overloaded_error|modelnotreadyexception|slow_down|service_unavailable|\w*capacity_exceeded)\b/,
    text: /\boverloaded\b|experiencing high demand|no capacity available|capacity exceeded|at capacity/,
    statuses: [400, 424, 429],
  },
  {
    means: 'quota',
    codes:
      /\b(?:insufficient_quota|insufficient_balance|insufficient_user_quota|billing_hard_limit_reached|credit_balance_exhausted|\w*usage_limit_exceeded|billing_not_active|billing_error|exceeded_current_quota_error|servicequotaexceededexception|usage_limit_reached|enforced_spend_limit_reached|\w*spend_limit\w*|arrearage|quota_exceeded|access_terminated_error)\b/,
    text: /credit balance is too low|insufficient (?:balance|credits|funds|quota)|(?:no|have any|all available) credits|requires more credits|hard limit (?:has been|was) reached|specified .{0,20}usage limits|reached your usage limit|spend(?:ing)? (?:limit|cap)|prepa(?:y|yment|id) (?:funds|balance|credits)|not enough (?:balance|credits)|account is (?:not active|suspended|in arrears)/,
  },
  {
    // A day's worth, of Google's free tier, Groq's tokens and requests, Bedrock's tokens.
    means: 'quota',
    text: /\bper day\b|per-day|\(rpd\)|\(tpd\)|daily (?:limit|quota)|monthly (?:limit|quota)|\blimit: 0\b/,
    statuses: [403, 429],
  },
  {
    means: 'rate',
    codes:
      /\b(?:rate_limit_exceeded|rate_limit_error|ratelimitexceeded|userratelimitexceeded|throttlingexception|throttled|too_many_requests)\b/,
    text: /\brate limit/,
    statuses: [400, 403],
  },
  {
    means: 'auth',
    codes:
      /\b(?:invalid_api_key|api_key_invalid|authentication_error|unrecognizedclientexception|expiredtokenexception|invalidsignatureexception|incompletesignatureexception|unsupported_country_region_territory|account_deactivated)\b/,
    text: /api key (?:not valid|expired|not found)|(?:incorrect|invalid) api key|(?:user )?location is not supported/,
    statuses: [400, 403],
  },
  {
    means: 'no_model',
    codes:
      /\b(?:model_not_found|model_not_available|deploymentnotfound|model_decommissioned|model_not_supported|invalid_model|unsupported_model|resourcenotfoundexception|not_found_error|not_found)\b/,
    text: /\bmodel\b.{0,200}(?:not found|does not exist|not exist|decommissioned|no longer available|deprecated|end of its life)|no endpoints found|unknown model|invalid model|not a valid model|is not supported for generatecontent|access to (?:the )?model|inference profile/,
    statuses: [400, 403, 404, 422],
  },
];

/** What a vendor's words mean; null: nothing that is known here. Times are no matter of it. */
export function classOfWords(status: number, { codes, text, quotas }: ErrorWords): FailureClass | null {
  const told = classOfQuotas(quotas, text);
  if (told !== null) return told;
  for (const saying of SAYINGS) {
    if (saying.statuses !== undefined && !saying.statuses.includes(status)) continue;
    if (fits(saying, codes, text)) return saying.means;
  }
  // OpenAI's words for an empty account; Google says them of every limit, one of a minute too.
  if (status === 429 && text.includes('exceeded your current quota') && !codes.includes('resource_exhausted'))
    return 'quota';
  return null;
}

const fits = (saying: Saying, codes: string, text: string): boolean =>
  (saying.codes?.test(codes) ?? false) || (saying.text?.test(text) ?? false);

/** Google names the limit: one of a day is used up for today, one of a minute for a moment, one of 0 was never there. */
function classOfQuotas(quotas: readonly string[], text: string): FailureClass | null {
  if (quotas.length === 0) return null;
  if (quotas.some((name) => /per_?(?:day|month)/i.test(name)) || /\blimit: 0\b/.test(text)) return 'quota';
  if (quotas.some((name) => /per_?(?:minute|second)|RATE_LIMIT_EXCEEDED/i.test(name))) return 'rate';
  if (quotas.includes('API_KEY_INVALID')) return 'auth';
  return quotas.includes('BILLING_DISABLED') ? 'quota' : null;
}
