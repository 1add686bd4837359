/** What the APIs of all vendors call the parts of a prompt, as numbers: none of them uses another's name for something else. */
import { Words } from '../bytes/words.ts';

/** Members of a body. */
export const Top = {
  tools: 1,
  functions: 2,
  toolConfig: 3,
  instructions: 4,
  system: 5,
  systemInstruction: 6,
  preamble: 7,
  chatHistory: 8,
  messages: 9,
  input: 10,
  contents: 11,
  prompt: 12,
  message: 13,
  schema: 14,
  holdsSchema: 15,
  elsewhere: 16,
  mark: 17,
} as const;

export const TOP_NAMES: Readonly<Record<string, number>> = {
  tools: Top.tools,
  functions: Top.functions,
  toolConfig: Top.toolConfig,
  instructions: Top.instructions,
  system: Top.system,
  systemInstruction: Top.systemInstruction,
  system_instruction: Top.systemInstruction,
  preamble: Top.preamble,
  chat_history: Top.chatHistory,
  messages: Top.messages,
  input: Top.input,
  contents: Top.contents,
  prompt: Top.prompt,
  message: Top.message,
  response_format: Top.schema,
  output_format: Top.schema,
  format: Top.schema,
  text: Top.holdsSchema,
  output_config: Top.holdsSchema,
  generationConfig: Top.holdsSchema,
  generation_config: Top.holdsSchema,
  previous_response_id: Top.elsewhere,
  previous_interaction_id: Top.elsewhere,
  conversation: Top.elsewhere,
  cachedContent: Top.elsewhere,
  cached_content: Top.elsewhere,
  cache_control: Top.mark,
};

export const TOP = new Words(TOP_NAMES);

/** Members in which a schema may stand, of those that hold one. */
export const HELD_SCHEMAS = new Words({
  format: 1,
  responseSchema: 2,
  response_schema: 2,
  responseJsonSchema: 2,
  response_json_schema: 2,
});

/** Members by which a schema is told from other formats. */
export const SCHEMA_MEMBERS = new Words({ json_schema: 1, schema: 1, properties: 1, grammar: 1 });

/** Members of a tool. */
export const Tool = { name: 1, type: 2, holder: 3, declarations: 4, server: 5, mark: 6, point: 7 } as const;

export const TOOL = new Words({
  name: Tool.name,
  type: Tool.type,
  function: Tool.holder,
  toolSpec: Tool.holder,
  functionDeclarations: Tool.declarations,
  function_declarations: Tool.declarations,
  server_label: Tool.server,
  cache_control: Tool.mark,
  cachePoint: Tool.point,
});

export const TOOL_LIST = new Words({ tools: 1 });

export const Role = { none: 0, system: 1, user: 2, assistant: 3, tool: 4 } as const;

export const ROLES = new Words({
  system: Role.system,
  developer: Role.system,
  SYSTEM: Role.system,
  user: Role.user,
  USER: Role.user,
  assistant: Role.assistant,
  model: Role.assistant,
  CHATBOT: Role.assistant,
  tool: Role.tool,
  function: Role.tool,
  TOOL: Role.tool,
});

/** Members of messages, and of items of a history. */
export const Said = {
  role: 1,
  type: 2,
  content: 3,
  calls: 4,
  call: 5,
  thinking: 6,
  images: 7,
  name: 8,
  asked: 9,
  mark: 10,
} as const;

export const SAID = new Words({
  role: Said.role,
  type: Said.type,
  content: Said.content,
  parts: Said.content,
  output: Said.content,
  message: Said.content,
  refusal: Said.content,
  tool_calls: Said.calls,
  function_call: Said.call,
  reasoning_content: Said.thinking,
  reasoning: Said.thinking,
  thinking: Said.thinking,
  images: Said.images,
  name: Said.name,
  arguments: Said.asked,
  input: Said.asked,
  action: Said.asked,
  cache_control: Said.mark,
});

/** What an item or a block says it is. */
export const Kind = {
  other: 0,
  message: 1,
  text: 2,
  thinking: 3,
  call: 4,
  result: 5,
  image: 6,
  document: 7,
  compaction: 8,
  elsewhere: 9,
  point: 10,
} as const;

export const KINDS = new Words({
  message: Kind.message,
  text: Kind.text,
  input_text: Kind.text,
  output_text: Kind.text,
  summary_text: Kind.text,
  reasoning_text: Kind.text,
  thinking: Kind.thinking,
  redacted_thinking: Kind.thinking,
  reasoning: Kind.thinking,
  tool_use: Kind.call,
  server_tool_use: Kind.call,
  mcp_tool_use: Kind.call,
  function: Kind.call,
  custom: Kind.call,
  tool_result: Kind.result,
  mcp_approval_response: Kind.result,
  image: Kind.image,
  image_url: Kind.image,
  input_image: Kind.image,
  computer_screenshot: Kind.image,
  document: Kind.document,
  file: Kind.document,
  input_file: Kind.document,
  input_audio: Kind.document,
  audio_url: Kind.document,
  video_url: Kind.document,
  video: Kind.document,
  container_upload: Kind.document,
  compaction: Kind.compaction,
  compaction_summary: Kind.compaction,
  context_compaction: Kind.compaction,
  item_reference: Kind.elsewhere,
});

/** Members of blocks. Those above `call` say what a block is that has no `type`. */
export const Part = {
  type: 1,
  text: 2,
  content: 3,
  name: 4,
  asked: 5,
  mark: 6,
  thought: 7,
  sealed: 8,
  call: 10,
  result: 11,
  image: 12,
  document: 13,
  inline: 14,
  reasoning: 15,
  point: 16,
} as const;

export const PART = new Words({
  type: Part.type,
  text: Part.text,
  thinking: Part.text,
  content: Part.content,
  name: Part.name,
  input: Part.asked,
  args: Part.asked,
  arguments: Part.asked,
  cache_control: Part.mark,
  thought: Part.thought,
  signature: Part.sealed,
  data: Part.sealed,
  function: Part.call,
  custom: Part.call,
  toolUse: Part.call,
  functionCall: Part.call,
  function_call: Part.call,
  toolResult: Part.result,
  functionResponse: Part.result,
  function_response: Part.result,
  image: Part.image,
  document: Part.document,
  video: Part.document,
  inlineData: Part.inline,
  inline_data: Part.inline,
  fileData: Part.inline,
  file_data: Part.inline,
  reasoningContent: Part.reasoning,
  cachePoint: Part.point,
});

/** Where media say what they are, and what a picture's begins with. */
export const MIME = new Words({ mimeType: 1, mime_type: 1 });
