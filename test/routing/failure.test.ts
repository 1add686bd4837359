import { expect } from 'chai';

import type { FailureClass } from '../../src/pipeline/plan.ts';
import { classOfAnswer, classOfError, classOfProblem, wantsBody } from '../../src/routing/failure.ts';

type Said = [status: number, body: unknown, headers?: Record<string, string>];

const bytes = (body: unknown): Buffer | null =>
  body === null ? null : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));

const classOf = ([status, body, headers = {}]: Said): FailureClass | null =>
  classOfAnswer({ status, header: (name) => headers[name], body: bytes(body) });

const openai = (status: number, code: string | null, message: string, type = 'invalid_request_error'): Said => [
  status,
  { error: { message, type, param: null, code } },
];
const anthropic = (status: number, type: string, message: string, details?: object): Said => [
  status,
  { type: 'error', error: { type, message, ...(details && { details }) }, request_id: 'req_1' },
];
const google = (code: number, status: string, message: string, details: object[] = []): Said => [
  code,
  { error: { code, message, status, details } },
];
const bedrock = (status: number, type: string, message: string): Said => [
  status,
  { message },
  { 'x-amzn-errortype': `${type}:http://internal.amazon.com/coral/com.amazon.bedrock/` },
];
const violated = (quotaId: string): object => ({
  '@type': 'type.googleapis.com/google.rpc.QuotaFailure',
  violations: [{ quotaMetric: 'generativelanguage.googleapis.com/generate_content', quotaId }],
});

const GOOGLE_QUOTA = 'You exceeded your current quota, please check your plan and billing details.';

const SAID: Readonly<Record<FailureClass, Readonly<Record<string, Said>>>> = {
  context_length: {
    'OpenAI, by its code': openai(400, 'context_length_exceeded', 'Too long.'),
    'OpenAI, by its words': openai(400, null, 'Your input exceeds the context window of this model.'),
    'OpenAI, a request above a minute’s tokens': openai(
      429,
      'rate_limit_exceeded',
      'Request too large for gpt-4o on tokens per min (TPM): Limit 30000, Requested 36278. The input or output tokens must be reduced in order to run successfully.',
      'tokens',
    ),
    Anthropic: anthropic(400, 'invalid_request_error', 'prompt is too long: 213462 tokens > 200000 maximum'),
    'Anthropic, with the answer': anthropic(
      400,
      'invalid_request_error',
      'input length and `max_tokens` exceed context limit: 190402 + 16650 > 200000',
    ),
    'Anthropic, bytes': anthropic(413, 'request_too_large', 'Request exceeds the maximum size'),
    'Anthropic, an account without long context': anthropic(
      429,
      'rate_limit_error',
      'Extra usage is required for long context requests.',
    ),
    Gemini: google(
      400,
      'INVALID_ARGUMENT',
      'The input token count (1196265) exceeds the maximum number of tokens allowed (1048576).',
    ),
    Bedrock: bedrock(400, 'ValidationException', 'Input is too long for requested model.'),
    'llama.cpp': [
      400,
      {
        error: {
          code: 400,
          message: 'the request exceeds the available context size, try increasing it',
          type: 'exceed_context_size_error',
          n_ctx: 4096,
        },
      },
    ],
    xAI: [
      400,
      { code: 'x', error: "This model's maximum prompt length is 131072 but the request contains 537812 tokens" },
    ],
    Mistral: [
      400,
      {
        object: 'error',
        message:
          'Prompt contains 40000 tokens and 0 draft tokens, too large for model with 32768 maximum context length',
        type: 'invalid_request_prompt',
        code: '3051',
      },
    ],
    Groq: openai(400, 'context_length_exceeded', 'Please reduce the length of the messages or completion.'),
    Moonshot: openai(400, null, 'Invalid request: Your request exceeded model token limit: 262144 (requested: 269030)'),
    'OpenRouter, of whom it asked': [
      400,
      {
        error: {
          message: 'Provider returned error',
          code: 400,
          metadata: { raw: '{"error":{"message":"prompt is too long: 205371 tokens"}}', provider_name: 'Anthropic' },
        },
      },
    ],
    'Together, by 403': [
      403,
      {
        error: {
          message: 'Input token count + max_tokens parameter must be less than the context length of the model',
        },
      },
    ],
    'a 413 without words': [413, ''],
  },
  quota: {
    OpenAI: openai(429, 'insufficient_quota', GOOGLE_QUOTA, 'insufficient_quota'),
    'OpenAI, its limit of dollars': openai(400, 'billing_hard_limit_reached', 'Billing hard limit has been reached'),
    'OpenAI, a project’s limit': openai(429, 'project_spend_limit_exceeded', 'The project is over its limit.'),
    'OpenAI, no credits': openai(429, 'credit_balance_exhausted', 'No prepaid credits remain.'),
    'an OpenAI-like server, by its words only': openai(429, null, GOOGLE_QUOTA),
    Anthropic: anthropic(400, 'invalid_request_error', 'Your credit balance is too low to access the Anthropic API.'),
    'Anthropic, an own limit': anthropic(
      400,
      'invalid_request_error',
      'You have reached your specified workspace API usage limits. You will regain access on 2026-12-01.',
    ),
    'Anthropic, its tier': anthropic(429, 'rate_limit_error', 'You are over it.', {
      error_code: 'enforced_spend_limit_reached',
    }),
    'Gemini, a day': google(429, 'RESOURCE_EXHAUSTED', GOOGLE_QUOTA, [
      violated('GenerateRequestsPerDayPerProjectPerModel-FreeTier'),
    ]),
    'Gemini, a model that the tier has not': google(
      429,
      'RESOURCE_EXHAUSTED',
      `${GOOGLE_QUOTA} * Quota exceeded for metric: generate_content_free_tier_requests, limit: 0, model: gemini-pro`,
      [violated('GenerateRequestsPerMinutePerProjectPerModel-FreeTier')],
    ),
    Bedrock: bedrock(400, 'ServiceQuotaExceededException', 'Your request exceeds the service quota.'),
    'Bedrock, a day': bedrock(429, 'ThrottlingException', 'Too many tokens per day, please wait before trying again.'),
    DeepSeek: openai(402, 'invalid_request_error', 'Insufficient Balance', 'unknown_error'),
    OpenRouter: [402, { error: { code: 402, message: 'This request requires more credits' } }],
    'OpenRouter, free models': [429, { error: { code: 429, message: 'Rate limit exceeded: free-models-per-day' } }],
    Moonshot: openai(429, null, 'Your account is suspended', 'exceeded_current_quota_error'),
    Groq: openai(429, 'rate_limit_exceeded', 'Rate limit reached on tokens per day (TPD): Limit 100000', 'tokens'),
    xAI: [403, { code: 'x', error: 'Your team has used all available credits or reached its monthly spending limit.' }],
  },
  rate: {
    OpenAI: openai(429, 'rate_limit_exceeded', 'Rate limit reached for requests. Please try again in 20s.', 'requests'),
    Anthropic: anthropic(
      429,
      'rate_limit_error',
      'This request would exceed the rate limit for your organization of 20,000 input tokens per minute. Please reduce the prompt length or the maximum tokens requested, or try again later.',
    ),
    'Gemini, a minute': google(429, 'RESOURCE_EXHAUSTED', GOOGLE_QUOTA, [
      violated('GenerateRequestsPerMinutePerProjectPerModel-FreeTier'),
    ]),
    'Gemini without details': google(429, 'RESOURCE_EXHAUSTED', GOOGLE_QUOTA),
    'Vertex, all of a region': google(429, 'RESOURCE_EXHAUSTED', 'Resource exhausted, please try again later.'),
    Azure: [429, { error: { code: '429', message: 'Requests have exceeded call rate limit of your current tier.' } }],
    Bedrock: bedrock(429, 'ThrottlingException', 'Too many tokens, please wait before trying again.'),
    'Bedrock, by 400': bedrock(400, 'ThrottlingException', 'Too many requests'),
    'old Google APIs, by 403': google(403, 'PERMISSION_DENIED', 'Too many', [{ reason: 'RATE_LIMIT_EXCEEDED' }]),
    'a proxy’s page': [429, '<html><body>Too Many Requests</body></html>'],
    'nothing at all': [429, null],
  },
  auth: {
    OpenAI: openai(401, 'invalid_api_key', 'Incorrect API key provided'),
    Anthropic: anthropic(403, 'permission_error', 'Your API key does not have permission to use this resource.'),
    'Gemini, by 400': google(400, 'INVALID_ARGUMENT', 'API key not valid. Please pass a valid API key.', [
      { '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason: 'API_KEY_INVALID' },
    ]),
    'xAI, by 400': [400, { code: 'Client specified an invalid argument', error: 'Incorrect API key provided: xa***.' }],
    Bedrock: bedrock(403, 'UnrecognizedClientException', 'The security token included in the request is invalid.'),
    'OpenAI, a country': openai(
      403,
      'unsupported_country_region_territory',
      'Country not supported',
      'request_forbidden',
    ),
    'a 403 without words': [403, ''],
  },
  no_model: {
    OpenAI: openai(404, 'model_not_found', 'The model `x` does not exist or you do not have access to it.'),
    'OpenAI, a project’s models': openai(403, 'model_not_found', 'Project `p` does not have access to model `x`'),
    Azure: [
      404,
      { error: { code: 'DeploymentNotFound', message: 'The API deployment for this resource does not exist.' } },
    ],
    Anthropic: anthropic(404, 'not_found_error', 'model: claude-x'),
    Gemini: google(404, 'NOT_FOUND', 'models/x is not found for API version v1beta, or is not supported.'),
    Bedrock: bedrock(
      400,
      'ValidationException',
      'Invocation of model ID x with on-demand throughput isn’t supported. Retry your request with the ID or ARN of an inference profile that contains this model.',
    ),
    'Bedrock, not let in': bedrock(
      403,
      'AccessDeniedException',
      "You don't have access to the model with the specified model ID.",
    ),
    Ollama: [404, { error: 'model "llama9" not found, try pulling it first' }],
    OpenRouter: [404, { error: { code: 404, message: 'No endpoints found for x/y.' } }],
    DeepSeek: openai(400, 'invalid_request_error', 'Model Not Exist'),
    Groq: openai(400, 'model_decommissioned', 'The model `x` has been decommissioned and is no longer supported.'),
  },
  content_filter: {
    Azure: [
      400,
      {
        error: {
          code: 'content_filter',
          message: "The response was filtered due to the prompt triggering Azure OpenAI's content management policy.",
          status: 400,
          innererror: { code: 'ResponsibleAIPolicyViolation' },
        },
      },
    ],
    OpenAI: openai(400, 'content_policy_violation', 'Your request was rejected as a result of our safety system.'),
    Anthropic: anthropic(400, 'invalid_request_error', 'Output blocked by content filtering policy'),
    OpenRouter: [
      403,
      { error: { code: 403, message: 'Your chosen model requires moderation and your input was flagged' } },
    ],
    DeepSeek: openai(400, 'invalid_request_error', 'Content Exists Risk'),
  },
  foreign_state: {
    OpenAI: openai(400, 'invalid_encrypted_content', 'The encrypted content gAAA...Rg== could not be verified.'),
    'OpenAI, an answer of somebody else': openai(
      400,
      'previous_response_not_found',
      "Previous response with id 'resp_1' not found.",
    ),
    'OpenAI, reasoning that was not kept': openai(
      404,
      null,
      "Item with id 'rs_1' not found. Items are not persisted when `store` is set to false.",
    ),
    Anthropic: anthropic(400, 'invalid_request_error', 'messages.1.content.0: Invalid `signature` in `thinking` block'),
    Gemini: google(400, 'INVALID_ARGUMENT', 'Corrupted thought signature.'),
    'Gemini, other words': google(400, 'INVALID_ARGUMENT', 'Invalid thought signature.'),
    Vertex: google(400, 'INVALID_ARGUMENT', 'Unable to submit request because Thought signature is not valid..'),
    'Gemini, calls that another model has made': google(
      400,
      'INVALID_ARGUMENT',
      'Function call is missing a thought_signature in functionCall parts.',
    ),
    'a list of one': [
      400,
      [{ error: { code: 400, message: 'Corrupted thought signature.', status: 'INVALID_ARGUMENT' } }],
    ],
  },
  overloaded: {
    OpenAI: openai(503, null, 'The engine is currently overloaded, please try again later', 'server_error'),
    Anthropic: anthropic(529, 'overloaded_error', 'Overloaded'),
    Gemini: google(503, 'UNAVAILABLE', 'The model is overloaded. Please try again later.'),
    'Bedrock, a model that starts': bedrock(429, 'ModelNotReadyException', 'Model is not ready for inference.'),
    'Moonshot, by 429': openai(429, null, 'The engine is currently overloaded', 'engine_overloaded_error'),
    'Azure, by 429': [429, { error: { code: '429', message: 'The system is currently experiencing high demand.' } }],
    'Mistral, by 429': [
      429,
      {
        object: 'error',
        message: 'Service tier capacity exceeded for this model.',
        type: 'service_tier_capacity_exceeded',
        code: '3505',
      },
    ],
    'Groq, flex': [498, null],
  },
  server: {
    OpenAI: openai(500, null, 'The server had an error', 'server_error'),
    'OpenRouter, whom it asked': [502, { error: { code: 502, message: 'Provider returned error' } }],
    'a proxy': [502, '<html><h1>502 Bad Gateway</h1></html>'],
    'a firewall’s page': [403, '<!DOCTYPE html><html><title>Just a moment...</title></html>'],
    'Bedrock, of the model': bedrock(424, 'ModelErrorException', 'The model failed.'),
    Cloudflare: [520, null],
  },
  timeout: { 'a proxy that waited': [504, '<html>504</html>'], Cloudflare: [524, null] },
  connect: { 'Cloudflare, nobody there': [521, null], 'Cloudflare, a bad certificate': [526, null] },
  bad_request: {
    OpenAI: openai(400, 'invalid_value', "Invalid value: 'x'"),
    'OpenAI, an answer that is too long': openai(
      400,
      null,
      'max_tokens is too large: 100000. This model supports at most 16384 completion tokens, whereas you provided 100000.',
    ),
    'Anthropic, a prefill': anthropic(
      400,
      'invalid_request_error',
      'This model does not support assistant message prefill.',
    ),
    Mistral: [422, { detail: [{ type: 'missing', loc: ['body', 'messages'], msg: 'Field required' }] }],
    'no words': [400, null],
    'half a JSON': [400, '{"error":{"message":'],
    'no JSON': [400, 'Bad Request'],
    'a path that is not there': [404, '<html>Not Found</html>'],
    'a method': [405, null],
  },
  broken: {},
};

describe('the class of a failure', () => {
  for (const [expected, examples] of Object.entries(SAID))
    for (const [who, said] of Object.entries(examples))
      it(`is ${expected} by the words of ${who}`, () => expect(classOf(said)).to.equal(expected));

  it('is none for what is no failure', () => {
    for (const status of [200, 201, 204, 304]) expect(classOf([status, null]), String(status)).to.equal(null);
  });

  it('is known without the body where the status says enough', () => {
    for (const status of [401, 402, 500, 502, 503, 504, 529]) expect(wantsBody(status), String(status)).to.equal(false);
    expect([401, 402, 500, 503].map((status) => classOf([status, null]))).to.deep.equal([
      'auth',
      'quota',
      'server',
      'overloaded',
    ]);
    for (const status of [400, 403, 404, 413, 422, 429]) expect(wantsBody(status), String(status)).to.equal(true);
  });

  it('leaves no key alone for a 403 that nobody has read: a moderator may have said it', () => {
    expect(classOf([403, null])).to.equal('bad_request');
  });

  it('does not throw, whatever the body, and is quick with words made to hurt', () => {
    const began = performance.now();
    for (const body of [
      '[]',
      '[1]',
      'null',
      '"x"',
      '{"error":[]}',
      '{"error":{"details":[[],null,{"violations":{}}]}}',
    ])
      expect(classOf([429, body]), body).to.equal('rate');
    const hurting = ['model ', 'encrypted content ', 'token count ', '{"a":', '[', 'specified '];
    for (const word of hurting) classOf([400, { error: { message: word.repeat(5000), code: word.repeat(5000) } }]);
    for (const word of hurting) classOf([400, word.repeat(20_000)]);
    expect(performance.now() - began).to.be.below(500);
  });

  it('is told by an error inside an answer with a good status', () => {
    const inside = (body: unknown) => classOfError(bytes(body)!);
    expect(inside({ type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } })).to.equal(
      'overloaded',
    );
    expect(inside({ type: 'error', error: { type: 'rate_limit_error', message: 'Slow down' } })).to.equal('rate');
    expect(inside({ error: { code: 502, message: 'Provider returned error' } })).to.equal('server');
    expect(inside({ error: { code: 429, message: 'slow', status: 'RESOURCE_EXHAUSTED' } })).to.equal('rate');
    expect(inside({ error: { code: 'context_length_exceeded', message: 'x' } })).to.equal('context_length');
    expect(inside({ error: 'llama runner process has terminated' })).to.equal('server');
    expect(inside('what?')).to.equal('server');
  });

  it('is told by what became of the connection', () => {
    expect(classOfProblem('upstream_connect_timeout')).to.equal('connect');
    expect(classOfProblem('upstream_tls')).to.equal('connect');
    expect(classOfProblem('upstream_reset')).to.equal('connect');
    expect(classOfProblem('upstream_timeout')).to.equal('timeout');
    expect(classOfProblem('upstream_first_token_timeout')).to.equal('timeout');
    expect(classOfProblem('upstream_idle_timeout')).to.equal('broken');
    for (const code of ['client_gone', 'gateway_stopping', 'upstream_total_timeout', 'unsignable_body'])
      expect(classOfProblem(code), code).to.equal(null);
  });
});
