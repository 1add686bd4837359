// mock.c - deterministic mock of an LLM provider, cheap enough not to be the bottleneck.
// One thread, epoll, prebuilt responses. Answers POST <any path> in OpenAI chat.completions style.
//
//   cc -O2 -o mock mock.c && ./mock [-p 9100]
//
// The behaviour is global and set by a control request, so that model names and headers stay realistic:
//   GET /_mock?stream=auto|0|1   auto: looks for "stream":true in the body (scans the whole body)
//             &bytes=1024        size of the JSON response body
//             &chunks=50         content events of an SSE stream
//             &delay_us=20000    pause before each content event (0: the whole stream in one write)
//             &ttfb_us=0         pause before the response head
//             &tail=0            other than 0: streams are of the Responses API, and their last event repeats an
//                                output of so many bytes before its usage
//   GET /_mock answers with counters: {"requests":N,"streams":N,"bytes_in":N,"open":N,"accepted":N,"aborted":N}
//
// Each SSE content event holds "@T<16 digits>" = CLOCK_MONOTONIC in ns when it was written, so that the
// load tool on the same machine can tell the one-way delay of every event.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

typedef struct conn {
  int fd, heap;             // heap: index in the timer heap, -1 when absent
  char *in; size_t in_len, in_cap, scanned;
  int state;                // 0 head, 1 body (length), 2 body (chunked), 3 answering
  uint64_t body_left;
  int close_after, is_stream, phase, idx, chunk_state; uint64_t chunk_left;
  uint64_t due;
  char *out; size_t out_len, out_off; // what the socket did not take yet
  int want_out;
  size_t body_start;        // auto mode keeps the body here
} conn;

static int ep, stream_mode = -1, json_bytes = 1024, n_chunks = 50, tail_bytes = 0;
static uint64_t delay_ns = 20000000, ttfb_ns = 0;
static uint64_t c_requests, c_streams, c_bytes_in, c_open, c_accepted, c_aborted;
static conn **heap; static int heap_n, heap_cap;
static char *json_resp; static size_t json_len;

static uint64_t now_ns(void) { struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t); return t.tv_sec * 1000000000ull + t.tv_nsec; }

// ---------- timer heap
static void heap_swap(int a, int b) { conn *t = heap[a]; heap[a] = heap[b]; heap[b] = t; heap[a]->heap = a; heap[b]->heap = b; }
static void heap_up(int i) { while (i && heap[(i - 1) / 2]->due > heap[i]->due) { heap_swap(i, (i - 1) / 2); i = (i - 1) / 2; } }
static void heap_down(int i) {
  for (;;) { int l = 2 * i + 1, m = i;
    if (l < heap_n && heap[l]->due < heap[m]->due) m = l;
    if (l + 1 < heap_n && heap[l + 1]->due < heap[m]->due) m = l + 1;
    if (m == i) return; heap_swap(i, m); i = m; }
}
static void heap_add(conn *c) {
  if (heap_n == heap_cap) heap = realloc(heap, (heap_cap = heap_cap ? heap_cap * 2 : 1024) * sizeof *heap);
  heap[heap_n] = c; c->heap = heap_n; heap_up(heap_n++);
}
static void heap_del(conn *c) {
  int i = c->heap; if (i < 0) return; c->heap = -1;
  if (i == --heap_n) return;
  heap[i] = heap[heap_n]; heap[i]->heap = i; heap_up(i); heap_down(heap[i]->heap);
}

// ---------- response text
// What real providers send along; a gateway has to copy or filter these.
static const char *openai_head =
  "openai-organization: org-mock\r\nopenai-processing-ms: 412\r\nopenai-version: 2020-10-01\r\n"
  "x-ratelimit-limit-requests: 10000\r\nx-ratelimit-limit-tokens: 200000\r\nx-ratelimit-remaining-requests: 9999\r\n"
  "x-ratelimit-remaining-tokens: 199984\r\nx-ratelimit-reset-requests: 8.64s\r\nx-ratelimit-reset-tokens: 4ms\r\n"
  "x-request-id: req_0123456789abcdef0123456789abcdef\r\nstrict-transport-security: max-age=31536000; includeSubDomains; preload\r\n"
  "cf-cache-status: DYNAMIC\r\nx-content-type-options: nosniff\r\nserver: cloudflare\r\ncf-ray: 8f0e1d2c3b4a5968-FRA\r\n"
  "alt-svc: h3=\":443\"; ma=86400\r\ndate: Thu, 01 Jan 2026 00:00:00 GMT\r\n";
static void build_json(void) {
  const char *pre = "{\"id\":\"chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT\",\"object\":\"chat.completion\",\"created\":1767225600,\"model\":\"gpt-4o-mini-2024-07-18\",\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\"";
  const char *post = "\",\"refusal\":null,\"annotations\":[]},\"logprobs\":null,\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":2095,\"completion_tokens\":503,\"total_tokens\":2598,\"prompt_tokens_details\":{\"cached_tokens\":1024,\"audio_tokens\":0},\"completion_tokens_details\":{\"reasoning_tokens\":128,\"audio_tokens\":0,\"accepted_prediction_tokens\":0,\"rejected_prediction_tokens\":0}},\"service_tier\":\"default\",\"system_fingerprint\":\"fp_34a54ae93c\"}";
  int pad = json_bytes - (int)strlen(pre) - (int)strlen(post); if (pad < 16) pad = 16;
  char *text = malloc(pad + 1); const char *lorem = "The quick brown fox jumps over the lazy dog, said \\\"nobody\\\" in 2026.\\n";
  int L = strlen(lorem), k = 0; while (k + L <= pad) { memcpy(text + k, lorem, L); k += L; } memset(text + k, '.', pad - k); text[pad] = 0;
  free(json_resp);
  json_len = asprintf(&json_resp, "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %zu\r\n%s\r\n%s%s%s",
    strlen(pre) + pad + strlen(post), openai_head, pre, text, post);
  free(text);
}

// Appends one HTTP chunk that holds the event text.
static size_t put_event(char *dst, const char *text, size_t n) {
  size_t h = sprintf(dst, "%zx\r\n", n); memcpy(dst + h, text, n); memcpy(dst + h + n, "\r\n", 2); return h + n + 2;
}
// The same in the Responses API: every content event has its mark, the last event repeats the whole output.
#define RES "\"id\":\"resp_67ccd2bed1ec8190b14f964abc0542670bb6a6b452d3795b\",\"object\":\"response\",\"created_at\":1767225600,\"model\":\"gpt-4o-mini-2024-07-18\",\"service_tier\":\"default\""
static size_t responses_event(char *dst, int idx) {
  static char *end; static int end_tail = -1;
  char t[2048]; size_t n, o = 0;
#define EVR(...) (n = snprintf(t, sizeof t, __VA_ARGS__), o += put_event(dst + o, t, n))
  if (idx == 0) EVR("event: response.created\ndata: {\"type\":\"response.created\",\"response\":{" RES ",\"status\":\"in_progress\",\"output\":[],\"usage\":null}}\n\n");
  else if (idx <= n_chunks) EVR("event: response.output_text.delta\ndata: {\"type\":\"response.output_text.delta\",\"item_id\":\"msg_1\",\"output_index\":0,\"content_index\":0,\"delta\":\"@T%016llu token %d\",\"sequence_number\":%d}\n\n", (unsigned long long)now_ns(), idx, idx);
  else {
    if (end_tail != tail_bytes) {
      free(end); end = malloc(tail_bytes + 2048); end_tail = tail_bytes;
      size_t k = sprintf(end, "event: response.completed\ndata: {\"type\":\"response.completed\",\"response\":{" RES ",\"status\":\"completed\",\"output\":[{\"type\":\"message\",\"id\":\"msg_1\",\"status\":\"completed\",\"role\":\"assistant\",\"content\":[{\"type\":\"output_text\",\"text\":\"");
      for (int i = 0; i < tail_bytes; i++) end[k++] = i % 80 == 79 ? ' ' : 'a' + i % 26;
      sprintf(end + k, "\"}]}],\"usage\":{\"input_tokens\":2095,\"input_tokens_details\":{\"cached_tokens\":1024},\"output_tokens\":%d,\"output_tokens_details\":{\"reasoning_tokens\":0},\"total_tokens\":%d}}}\n\n: [DONE]\n\n", n_chunks, 2095 + n_chunks);
    }
    o += put_event(dst, end, strlen(end));
    memcpy(dst + o, "0\r\n\r\n", 5); o += 5;
  }
  return o;
}
// Event number idx of a stream: 0 = opening, 1..n_chunks = content, n_chunks+1 = closing (with the end of the body).
static size_t stream_event(char *dst, int idx) {
  if (tail_bytes) return responses_event(dst, idx);
  char t[2048]; size_t n, o = 0;
#define EV(...) (n = snprintf(t, sizeof t, __VA_ARGS__), o += put_event(dst + o, t, n))
#define OAI "data: {\"id\":\"chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT\",\"object\":\"chat.completion.chunk\",\"created\":1767225600,\"model\":\"gpt-4o-mini-2024-07-18\",\"service_tier\":\"default\",\"system_fingerprint\":\"fp_34a54ae93c\",\"choices\":"
  if (idx == 0) EV(OAI "[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\",\"refusal\":null},\"logprobs\":null,\"finish_reason\":null}],\"usage\":null}\n\n");
  else if (idx <= n_chunks) EV(OAI "[{\"index\":0,\"delta\":{\"content\":\"@T%016llu token %d\"},\"logprobs\":null,\"finish_reason\":null}],\"usage\":null,\"obfuscation\":\"q8KxR2\"}\n\n", (unsigned long long)now_ns(), idx);
  else {
    EV(OAI "[{\"index\":0,\"delta\":{},\"logprobs\":null,\"finish_reason\":\"stop\"}],\"usage\":null}\n\n");
    EV(OAI "[],\"usage\":{\"prompt_tokens\":2095,\"completion_tokens\":%d,\"total_tokens\":%d,\"prompt_tokens_details\":{\"cached_tokens\":1024,\"audio_tokens\":0},\"completion_tokens_details\":{\"reasoning_tokens\":0,\"audio_tokens\":0,\"accepted_prediction_tokens\":0,\"rejected_prediction_tokens\":0}}}\n\n", n_chunks, 2095 + n_chunks);
    EV("data: [DONE]\n\n");
    memcpy(dst + o, "0\r\n\r\n", 5); o += 5;
  }
  return o;
}

// ---------- connections
static void drop(conn *c) {
  if (c->state == 3) c_aborted++;
  heap_del(c); close(c->fd); c_open--; free(c->in); free(c->out); free(c);
}
static void watch(conn *c, int out) {
  if (c->want_out == out) return; c->want_out = out;
  struct epoll_event e = { .events = EPOLLIN | EPOLLRDHUP | (out ? EPOLLOUT : 0), .data.ptr = c };
  epoll_ctl(ep, EPOLL_CTL_MOD, c->fd, &e);
}
// 0 = the connection is gone
static int push(conn *c, const char *p, size_t n) {
  size_t done = 0;
  if (c->out_off == c->out_len) while (done < n) {
    ssize_t w = send(c->fd, p + done, n - done, MSG_NOSIGNAL);
    if (w < 0) { if (errno == EAGAIN) break; if (errno == EINTR) continue; drop(c); return 0; }
    done += w;
  }
  if (done < n) {
    size_t left = c->out_len - c->out_off;
    char *b = malloc(left + n - done); memcpy(b, c->out + c->out_off, left); memcpy(b + left, p + done, n - done);
    free(c->out); c->out = b; c->out_off = 0; c->out_len = left + n - done; watch(c, 1);
  }
  return 1;
}
static int consume(conn *c);
static int answered(conn *c) {
  c->state = 0;
  if (c->close_after) { drop(c); return 0; }
  return 1;
}
// The timer is due or the request is complete: send the next piece. 0 = the connection is gone.
static int advance(conn *c) {
  static char *big; static size_t big_cap;
  if (c->phase == 0) { // response head
    if (!c->is_stream) { return push(c, json_resp, json_len) && answered(c); }
    char h[4096]; c_streams++;
    size_t n = snprintf(h, sizeof h, "HTTP/1.1 200 OK\r\ncontent-type: %s\r\ntransfer-encoding: chunked\r\ncache-control: no-cache\r\n%s\r\n",
      "text/event-stream; charset=utf-8", openai_head);
    c->phase = 1; c->idx = 1;
    if (!delay_ns) { // whole stream at once
      size_t need = (size_t)(n_chunks + 8) * 640 + 8192 + tail_bytes; if (need > big_cap) big = realloc(big, big_cap = need);
      memcpy(big, h, n); for (int i = 0; i <= n_chunks + 1; i++) n += stream_event(big + n, i);
      return push(c, big, n) && answered(c);
    }
    n += stream_event(h + n, 0);
    if (!push(c, h, n)) return 0;
    c->due = now_ns() + delay_ns; heap_add(c); return 1;
  }
  size_t room = 4096 + (size_t)tail_bytes; if (room > big_cap) big = realloc(big, big_cap = room);
  char *b = big; size_t n = stream_event(b, c->idx); int last = c->idx == n_chunks;
  if (last) n += stream_event(b + n, n_chunks + 1);
  c->idx++;
  if (!push(c, b, n)) return 0;
  if (last) return answered(c);
  c->due += delay_ns; heap_add(c); return 1;
}
static int begin_answer(conn *c) {
  c_requests++; c->state = 3; c->phase = 0;
  if (!ttfb_ns) return advance(c);
  c->due = now_ns() + ttfb_ns; heap_add(c); return 1;
}
static int control(conn *c, char *q) {
  for (char *p = q; *p && *p != ' '; p++) if (*p == '?' || *p == '&') {
    char *v = strchr(p + 1, '='); if (!v) break; v++;
#define KEY(s) (!strncmp(p + 1, s "=", sizeof s))
    if (KEY("stream")) stream_mode = *v == 'a' ? -1 : atoi(v);
    else if (KEY("bytes")) json_bytes = atoi(v);
    else if (KEY("chunks")) n_chunks = atoi(v);
    else if (KEY("delay_us")) delay_ns = atoll(v) * 1000ull;
    else if (KEY("tail")) tail_bytes = atoi(v);
    else if (KEY("ttfb_us")) ttfb_ns = atoll(v) * 1000ull;
  }
  build_json();
  char b[400], r[600]; int n = snprintf(b, sizeof b, "{\"requests\":%llu,\"streams\":%llu,\"bytes_in\":%llu,\"open\":%llu,\"accepted\":%llu,\"aborted\":%llu}\n",
    (unsigned long long)c_requests, (unsigned long long)c_streams, (unsigned long long)c_bytes_in, (unsigned long long)c_open, (unsigned long long)c_accepted, (unsigned long long)c_aborted);
  n = snprintf(r, sizeof r, "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s", n, b);
  return push(c, r, n);
}
static int has_stream_flag(const char *p, size_t n) {
  const char *end = p + n;
  while ((p = memmem(p, end - p, "\"stream\"", 8))) {
    for (p += 8; p < end && (*p == ' ' || *p == ':'); p++) ;
    if (end - p >= 4 && !memcmp(p, "true", 4)) return 1;
  }
  return 0;
}
// Takes what is in c->in as far as possible. 0 = the connection is gone.
static int consume(conn *c) {
  for (;;) {
    if (c->state == 3) return 1;
    if (c->state == 0) {
      if (!c->in_len) return 1;
      c->in[c->in_len] = 0;
      char *e = memmem(c->in, c->in_len, "\r\n\r\n", 4); if (!e) return 1;
      size_t head = e + 4 - c->in; e[2] = 0;
      int get = !strncmp(c->in, "GET ", 4);
      if (get) {
        char *path = c->in + 4; int mine = !strncmp(path, "/_mock", 6);
        if (mine) { if (!control(c, path)) return 0; }
        else { const char *ok = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 27\r\n\r\n{\"object\":\"list\",\"data\":[]}"; if (!push(c, ok, strlen(ok))) return 0; }
        memmove(c->in, c->in + head, c->in_len -= head); continue;
      }
      char *cl = strcasestr(c->in, "\r\ncontent-length:"), *te = strcasestr(c->in, "\r\ntransfer-encoding:"), *co = strcasestr(c->in, "\r\nconnection: close");
      c->close_after = co != NULL; c->chunk_state = 0; c->chunk_left = 0; c->body_left = cl ? strtoull(cl + 17, 0, 10) : 0;
      if (strcasestr(c->in, "\r\nexpect: 100")) { const char *k = "HTTP/1.1 100 Continue\r\n\r\n"; if (!push(c, k, strlen(k))) return 0; }
      memmove(c->in, c->in + head, c->in_len -= head);
      c->state = te ? 2 : 1; c->scanned = 0; c->is_stream = stream_mode > 0;
    }
    if (c->state == 1) {
      if (stream_mode < 0) { if (c->in_len < c->body_left) return 1; c->is_stream = has_stream_flag(c->in, c->body_left); }
      size_t take = c->in_len < c->body_left ? c->in_len : c->body_left;
      c->body_left -= take; memmove(c->in, c->in + take, c->in_len -= take);
      if (c->body_left) return 1;
      if (!begin_answer(c)) return 0;
      continue;
    }
    if (c->state == 2) { // chunked request body; auto mode looks for the flag in each chunk alone
      if (c->chunk_state == 0) {
        char *e = memmem(c->in, c->in_len, "\r\n", 2); if (!e) return 1;
        c->chunk_left = strtoull(c->in, 0, 16); c->chunk_state = c->chunk_left ? 1 : 2;
        size_t n = e + 2 - c->in; memmove(c->in, c->in + n, c->in_len -= n);
      } else if (c->chunk_state == 1) { // data and its CRLF
        if (stream_mode < 0) { if (c->in_len < c->chunk_left + 2) return 1; if (has_stream_flag(c->in, c->chunk_left)) c->is_stream = 1; }
        size_t all = c->chunk_left + 2, take = c->in_len < all ? c->in_len : all;
        if (c->in_len < all && take > c->chunk_left) take = c->chunk_left; // keep the CRLF whole
        if (c->in_len >= all) { memmove(c->in, c->in + all, c->in_len -= all); c->chunk_state = 0; }
        else { if (!take) return 1; c->chunk_left -= take; memmove(c->in, c->in + take, c->in_len -= take); return 1; }
      } else {
        if (c->in_len < 2) return 1; memmove(c->in, c->in + 2, c->in_len -= 2);
        if (!begin_answer(c)) return 0;
      }
    }
  }
}
static void on_readable(conn *c) {
  for (;;) {
    // 256 KB at least, so that a body larger than the buffer is thrown away piece by piece
    if (c->in_cap - c->in_len < 4096) c->in = realloc(c->in, c->in_cap = c->in_cap < 16384 ? 16384 : c->in_cap * 2);
    size_t room = c->in_cap - c->in_len - 1;
    ssize_t r = recv(c->fd, c->in + c->in_len, room, 0);
    if (r == 0) { drop(c); return; }
    if (r < 0) { if (errno == EINTR) continue; if (errno != EAGAIN) drop(c); return; }
    c_bytes_in += r; c->in_len += r;
    if (c->state == 1 && (size_t)r == room && c->in_cap < 262144) c->in = realloc(c->in, c->in_cap = 262144);
    if (!consume(c)) return;
    if ((size_t)r < room) return;
  }
}

int main(int argc, char **argv) {
  int port = 9100, o; while ((o = getopt(argc, argv, "p:")) > 0) if (o == 'p') port = atoi(optarg); else return 2;
  signal(SIGPIPE, SIG_IGN); prctl(PR_SET_TIMERSLACK, 1ul, 0, 0, 0); build_json();
  int ls = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), one = 1; setsockopt(ls, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
  if (bind(ls, (void *)&a, sizeof a) || listen(ls, 4096)) { perror("mock: listen"); return 1; }
  ep = epoll_create1(0); int tfd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
  struct epoll_event e = { .events = EPOLLIN, .data.ptr = NULL }, evs[256]; epoll_ctl(ep, EPOLL_CTL_ADD, ls, &e);
  e.data.ptr = &tfd; epoll_ctl(ep, EPOLL_CTL_ADD, tfd, &e);
  uint64_t armed = 0;
  for (;;) {
    uint64_t want = heap_n ? heap[0]->due : 0;
    if (want != armed) { struct itimerspec it = { .it_value = { want / 1000000000ull, want % 1000000000ull } }; timerfd_settime(tfd, TFD_TIMER_ABSTIME, &it, NULL); armed = want; }
    int n = epoll_wait(ep, evs, 256, -1);
    for (int i = 0; i < n; i++) {
      void *p = evs[i].data.ptr;
      if (!p) for (int fd; (fd = accept4(ls, 0, 0, SOCK_NONBLOCK)) >= 0;) {
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        conn *c = calloc(1, sizeof *c); c->fd = fd; c->heap = -1; c_open++; c_accepted++;
        struct epoll_event ce = { .events = EPOLLIN | EPOLLRDHUP, .data.ptr = c }; epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ce);
      } else if (p == &tfd) { uint64_t x; if (read(tfd, &x, 8)) {} }
      else {
        conn *c = p;
        if (evs[i].events & (EPOLLERR | EPOLLHUP)) { drop(c); continue; }
        if (evs[i].events & EPOLLOUT) {
          ssize_t w = send(c->fd, c->out + c->out_off, c->out_len - c->out_off, MSG_NOSIGNAL);
          if (w < 0 && errno != EAGAIN) { drop(c); continue; }
          if (w > 0 && (c->out_off += w) == c->out_len) { free(c->out); c->out = NULL; c->out_len = c->out_off = 0; watch(c, 0); }
        }
        if (evs[i].events & (EPOLLIN | EPOLLRDHUP)) on_readable(c);
      }
    }
    uint64_t t = now_ns();
    while (heap_n && heap[0]->due <= t) { conn *c = heap[0]; heap_del(c); if (advance(c)) consume(c); }
  }
}
