// load.c - small HTTP/1.1 load tool for JSON and SSE. One thread, epoll. Prints one line of JSON.
//
//   cc -O2 -o load load.c
//   ./load -u http://127.0.0.1:3000/v1/chat/completions -f body.json -H 'authorization: Bearer x' \
//          -c 64 -d 5 -w 1           closed loop: 64 connections, each sends again when answered
//   ... -r 500 -c 256 -d 5           open loop: 500 arrivals/s at fixed distances on at most 256 connections;
//                                    latency counts from the planned arrival (no coordinated omission)
//   ... -s 50                        SSE: every response must hold 50 "@T<16 digits>" marks (see mock.c)
//                                    and end in [DONE], else it is an error
//   ... -R 1000                      spread the first request of the connections over 1000 ms
//   ... -n 2000                      stop after 2000 requests;  -g 5  seconds of grace for the last ones
//   ... -m GET                       method;  only loopback addresses are accepted
//   ... -P 123,124                   processes whose CPU time is read at the start and at the end of the window
//                                    (warm-up, warm-up + duration); "win" tells it with the answers and marks of the window
//
// Times in the output are in microseconds.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
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

typedef struct { uint32_t *v; size_t n, cap; } series; // units of 100 ns
static void add(series *s, uint64_t ns) {
  if (s->n == s->cap) s->v = realloc(s->v, (s->cap = s->cap ? s->cap * 2 : 65536) * 4);
  uint64_t x = ns / 100; s->v[s->n++] = x > 0xffffffffu ? 0xffffffffu : x;
}
static int cmp(const void *a, const void *b) { uint32_t x = *(uint32_t *)a, y = *(uint32_t *)b; return x < y ? -1 : x > y; }
static void print_series(const char *name, series *s) {
  qsort(s->v, s->n, 4, cmp);
  double sum = 0; for (size_t i = 0; i < s->n; i++) sum += s->v[i];
#define Q(p) (s->n ? s->v[(size_t)((s->n - 1) * (p))] / 10.0 : 0.0)
  printf(",\"%s\":{\"n\":%zu,\"mean\":%.1f,\"p50\":%.1f,\"p90\":%.1f,\"p99\":%.1f,\"p999\":%.1f,\"max\":%.1f}",
    name, s->n, s->n ? sum / s->n / 10 : 0, Q(.5), Q(.9), Q(.99), Q(.999), Q(1.0));
}

enum { CLOSED, CONNECTING, IDLE, BUSY };
enum { OWN = 16 };                  // digits
typedef struct {
  int fd, st, warm;
  uint64_t t0, start_at;            // planned arrival; first start (closed loop)
  size_t sent;
  char head[16384]; size_t head_len;
  int phase, status, close;         // phase: 0 head, 1 length, 2 chunked, 3 until close
  int64_t left; int cstate; char cline[32]; int cline_n;
  int mstate; uint64_t mval; int marks; int got_body; size_t body;
  char tail[48]; int tail_n; int reused;
  char talk[OWN + 1], turn[OWN + 1];
} conn;

static int ep, n_conn = 64, is_open, want_marks = -1, grace = 5, ramp_ms;
static double dur = 5, warm_s = 1, rate;
static long max_n = 10000000;
static char *req; static size_t req_len, own_at[2];
static struct sockaddr_in addr;
static conn *cs; static int *idle; static int n_idle;
static uint64_t *queue; static size_t q_head, q_tail, q_cap;
static uint64_t t_begin, t_warm, t_end, last_done;
static long started, done_all, ok, errors, bad_status, bad_stream, conn_err, reconnects, inflight, max_inflight, measured; static uint64_t bytes_in;
static int first_bad; static series lat, ttfb, chunk;

// CPU time (user + system, all threads) of the watched processes, in ms
static int pids[64], n_pids; static long marks_all;
typedef struct { double t, user, sys; long ok, marks; int set; } snap; static snap win[2];
static void cpu_of(snap *s) {
  for (int i = 0; i < n_pids; i++) {
    char f[64], b[1024]; snprintf(f, sizeof f, "/proc/%d/stat", pids[i]); FILE *h = fopen(f, "r"); if (!h) continue;
    size_t n = fread(b, 1, sizeof b - 1, h); fclose(h); b[n] = 0; char *p = strrchr(b, ')'); unsigned long u, v;
    if (p && sscanf(p + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &u, &v) == 2) { s->user += u * 1000.0 / sysconf(_SC_CLK_TCK); s->sys += v * 1000.0 / sysconf(_SC_CLK_TCK); }
  }
}
static uint64_t now_ns(void) { struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t); return t.tv_sec * 1000000000ull + t.tv_nsec; }
static void open_conn(conn *c) {
  c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0); int one = 1;
  if (c->fd < 0) { perror("socket"); exit(1); }
  setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  c->st = CONNECTING; c->reused = 0;
  if (connect(c->fd, (void *)&addr, sizeof addr) && errno != EINPROGRESS) { perror("connect"); exit(1); }
  struct epoll_event e = { .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.ptr = c };
  epoll_ctl(ep, EPOLL_CTL_ADD, c->fd, &e);
}
static void close_conn(conn *c) { if (c->st != CLOSED) close(c->fd); c->st = CLOSED; }
// Each request says a number of its own where the file says turn-0000000000000000, and that of its connection where it
// says talk-0000000000000000: as many conversations as connections, and no two requests the same.
static void pump(conn *c) {
  while (c->sent < req_len) {
    const char *from = req + c->sent; size_t to = req_len;
    for (int i = 0; i < 2; i++) {
      size_t at = own_at[i]; const char *own = i ? c->turn : c->talk;
      if (!at || c->sent >= at + OWN) continue;
      if (c->sent >= at) { from = own + (c->sent - at); to = at + OWN; break; }
      if (at < to) to = at;
    }
    ssize_t w = send(c->fd, from, to - c->sent, MSG_NOSIGNAL | (to < req_len ? MSG_MORE : 0));
    if (w < 0) { if (errno == EINTR) continue; return; }
    c->sent += w;
  }
}
static void begin(conn *c, uint64_t planned) {
  c->t0 = planned; c->warm = planned < t_warm; c->sent = 0; c->head_len = 0; c->phase = 0; c->close = 0; c->cstate = 0; c->cline_n = 0;
  c->mstate = 0; c->marks = 0; c->got_body = 0; c->tail_n = 0; c->body = 0;
  snprintf(c->turn, sizeof c->turn, "%016ld", started); snprintf(c->talk, sizeof c->talk, "%016ld", (long)(c - cs));
  started++; if (++inflight > max_inflight) max_inflight = inflight;
  if (c->st == CLOSED) { open_conn(c); return; }  // the request goes out when connected
  c->st = BUSY; pump(c);
}
static void next(conn *c) { // the connection is free again
  uint64_t t = now_ns();
  if (is_open) {
    if (q_head < q_tail) { begin(c, queue[q_head++ % q_cap]); return; }
    if (c->st != CLOSED) c->st = IDLE;
    idle[n_idle++] = c - cs;
  } else if (t < t_end && started < max_n) begin(c, t);
  else if (c->st != CLOSED) c->st = IDLE;
}
static void finish(conn *c, int good, uint64_t t) {
  inflight--; done_all++; last_done = t;
  if (good && c->status != 200) { good = 0; bad_status++; if (!first_bad) { first_bad = c->status; fprintf(stderr, "load: status %d: %.*s\n", c->status, (int)(c->head_len > 600 ? 600 : c->head_len), c->head); } }
  if (good && want_marks >= 0) {
    char tail[49]; memcpy(tail, c->tail, c->tail_n); tail[c->tail_n] = 0;
    if (c->marks != want_marks || !strstr(tail, "[DONE]")) {
      if (!bad_stream++) fprintf(stderr, "load: bad stream: %d marks, tail <%s>\n", c->marks, tail);
      good = 0;
    }
  }
  if (!good) errors++;
  else { ok++; if (!c->warm) { add(&lat, t - c->t0); measured++; } }
  if (c->close) close_conn(c); else c->reused = 1;
  next(c);
}
static void broken(conn *c, uint64_t t) {
  int was = c->st; close_conn(c);
  if (was == IDLE) { reconnects++; return; }
  if (was == BUSY && c->phase == 3) { c->close = 1; finish(c, 1, t); return; }
  if (was == BUSY && c->reused && c->head_len == 0) { reconnects++; open_conn(c); c->sent = 0; return; } // keep-alive race: try again
  if (was == CONNECTING) { conn_err++; if (conn_err > 1000) { fprintf(stderr, "load: cannot connect\n"); exit(1); } }
  c->status = 0; c->close = 1; finish(c, 0, t);
}
static void data(conn *c, const char *p, size_t n, uint64_t t) { // body bytes
  if (!n) return;
  if (!c->got_body) { c->got_body = 1; if (!c->warm) add(&ttfb, t - c->t0); }
  c->body += n;
  if (want_marks < 0) return;
  const char *s = p, *end = p + n;
  while (s < end) {
    if (c->mstate == 0) { s = memchr(s, '@', end - s); if (!s) break; c->mstate = 1; s++; }
    else if (c->mstate == 1) { if (*s == 'T') { c->mstate = 2; c->mval = 0; s++; } else c->mstate = 0; }
    else {
      if (*s < '0' || *s > '9') { c->mstate = 0; continue; }
      c->mval = c->mval * 10 + (*s++ - '0');
      if (++c->mstate == 18) { c->mstate = 0; c->marks++; marks_all++; if (!c->warm) add(&chunk, t > c->mval ? t - c->mval : 0); }
    }
  }
  if (n >= sizeof c->tail) { memcpy(c->tail, end - sizeof c->tail, sizeof c->tail); c->tail_n = sizeof c->tail; }
  else {
    int keep = c->tail_n; if (keep + n > sizeof c->tail) { keep = sizeof c->tail - n; memmove(c->tail, c->tail + c->tail_n - keep, keep); }
    memcpy(c->tail + keep, p, n); c->tail_n = keep + n;
  }
}
// Returns 1 when the response is complete.
static int eat(conn *c, const char *p, size_t n, uint64_t t) {
  if (c->phase == 0) {
    size_t old = c->head_len, take = n < sizeof c->head - 1 - old ? n : sizeof c->head - 1 - old;
    memcpy(c->head + old, p, take); c->head_len += take; c->head[c->head_len] = 0;
    char *e = strstr(c->head + (old > 3 ? old - 3 : 0), "\r\n\r\n");
    if (!e) { if (c->head_len >= sizeof c->head - 1) { c->status = 0; c->close = 1; return 1; } return 0; }
    size_t head = e + 4 - c->head; p += head - old; n -= head - old; c->head_len = head;
    e[2] = 0; c->status = atoi(c->head + 9);
    if (c->status == 100) { c->head_len = 0; return n ? eat(c, p, n, t) : 0; }
    char *cl = strcasestr(c->head, "\r\ncontent-length:"), *te = strcasestr(c->head, "\r\ntransfer-encoding: chunked");
    c->close = strcasestr(c->head, "\r\nconnection: close") != NULL;
    c->phase = te ? 2 : cl ? 1 : 3; c->left = cl ? atoll(cl + 17) : 0;
    if (c->phase == 1 && !c->left) return 1;
  }
  if (c->phase == 1) { size_t k = (int64_t)n < c->left ? n : (size_t)c->left; data(c, p, k, t); c->left -= k; return c->left == 0; }
  if (c->phase == 3) { data(c, p, n, t); return 0; }
  while (n) switch (c->cstate) {
    case 0: // chunk size line
      if (*p == '\n') { c->cline[c->cline_n] = 0; c->left = strtoll(c->cline, 0, 16); c->cline_n = 0; c->cstate = c->left ? 1 : 3; }
      else if (c->cline_n < 31) c->cline[c->cline_n++] = *p;
      p++; n--; break;
    case 1: { size_t k = (int64_t)n < c->left ? n : (size_t)c->left; data(c, p, k, t); p += k; n -= k; if (!(c->left -= k)) c->cstate = 2; break; }
    case 2: if (*p == '\n') c->cstate = 0; p++; n--; break;
    case 3: // trailer lines until an empty one
      if (*p == '\n') { if (c->cline_n == 0) return 1; c->cline_n = 0; } else if (*p != '\r') c->cline_n++;
      p++; n--; break;
  }
  return 0;
}
static void on_event(conn *c, uint32_t ev) {
  static char buf[262144];
  uint64_t t = now_ns();
  if (c->st == CLOSED) return;
  if (c->st == CONNECTING) {
    int err = 0; socklen_t l = sizeof err; getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &err, &l);
    if (err || (ev & EPOLLERR)) { broken(c, t); return; }
    if (!(ev & EPOLLOUT)) return;
    c->st = BUSY;
  }
  if (c->st == BUSY) pump(c);
  if (!(ev & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))) return;
  for (;;) {
    int fd = c->fd; ssize_t r = recv(fd, buf, sizeof buf, 0);
    if (r < 0) { if (errno == EINTR) continue; if (errno == EAGAIN) return; broken(c, t); return; }
    if (r == 0) { broken(c, t); return; }
    bytes_in += r; t = now_ns();
    if (c->st != BUSY) { close_conn(c); return; }
    if (eat(c, buf, r, t)) { finish(c, 1, t); if (c->st != BUSY || c->fd != fd) return; }
    if ((size_t)r < sizeof buf && !(ev & (EPOLLRDHUP | EPOLLHUP))) return;
  }
}

int main(int argc, char **argv) {
  char *url = NULL, *file = NULL, *method = "POST", hdr[8192] = ""; int o;
  while ((o = getopt(argc, argv, "u:f:H:c:d:w:r:s:R:n:g:m:P:")) > 0) switch (o) {
    case 'u': url = optarg; break; case 'f': file = optarg; break; case 'm': method = optarg; break;
    case 'H': if (strlen(hdr) + strlen(optarg) + 3 > sizeof hdr) return 2; strcat(hdr, optarg); strcat(hdr, "\r\n"); break;
    case 'c': n_conn = atoi(optarg); break; case 'd': dur = atof(optarg); break; case 'w': warm_s = atof(optarg); break;
    case 'r': rate = atof(optarg); is_open = rate > 0; break; case 's': want_marks = atoi(optarg); break;
    case 'R': ramp_ms = atoi(optarg); break; case 'n': max_n = atol(optarg); break; case 'g': grace = atoi(optarg); break;
    case 'P': for (char *q = optarg; *q && n_pids < 64; q++) { pids[n_pids++] = strtol(q, &q, 10); if (!*q) break; } break;
    default: return 2;
  }
  char host[64]; int port = 80; char path[512] = "/";
  if (!url || sscanf(url, "http://%63[^:/]:%d%511s", host, &port, path) < 2) { fprintf(stderr, "load: -u http://127.0.0.1:PORT/path\n"); return 2; }
  if (!strcmp(host, "localhost")) strcpy(host, "127.0.0.1");
  addr.sin_family = AF_INET; addr.sin_port = htons(port);
  if (strncmp(host, "127.", 4) || !inet_aton(host, &addr.sin_addr)) { fprintf(stderr, "load: loopback only\n"); return 2; }
  char *body = NULL; size_t body_len = 0;
  if (file) { FILE *f = fopen(file, "rb"); if (!f) { perror(file); return 1; } fseek(f, 0, SEEK_END); body_len = ftell(f); rewind(f); body = malloc(body_len); if (fread(body, 1, body_len, f) != body_len) return 1; fclose(f); }
  req = malloc(body_len + 16384);
  req_len = sprintf(req, "%s %s HTTP/1.1\r\nhost: %s:%d\r\n", method, path, host, port);
  if (body) req_len += sprintf(req + req_len, "content-type: application/json\r\ncontent-length: %zu\r\n", body_len);
  req_len += sprintf(req + req_len, "%s\r\n", hdr); if (body) memcpy(req + req_len, body, body_len), req_len += body_len;

  const char *marks[2] = { "talk-0000000000000000", "turn-0000000000000000" };
  for (int i = 0; i < 2; i++) { char *mark = memmem(req, req_len, marks[i], 21); if (mark) own_at[i] = mark + 5 - req; }

  signal(SIGPIPE, SIG_IGN); prctl(PR_SET_TIMERSLACK, 1ul, 0, 0, 0);
  cs = calloc(n_conn, sizeof *cs); idle = calloc(n_conn, sizeof *idle); q_cap = 1 << 20; queue = malloc(q_cap * sizeof *queue);
  ep = epoll_create1(0); int tfd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
  struct epoll_event te = { .events = EPOLLIN, .data.ptr = NULL }, evs[512]; epoll_ctl(ep, EPOLL_CTL_ADD, tfd, &te);
  t_begin = now_ns() + 2000000; t_warm = t_begin + (uint64_t)(warm_s * 1e9); t_end = t_warm + (uint64_t)(dur * 1e9);
  uint64_t stop = t_end + (uint64_t)grace * 1000000000ull; long arrivals = 0; int next_start = 0;
  for (int i = n_conn - 1; i >= 0; i--) { cs[i].st = CLOSED; cs[i].start_at = t_begin + (uint64_t)ramp_ms * 1000000ull * i / n_conn; if (is_open) idle[n_idle++] = i; }
  uint64_t armed = 0;
  for (;;) {
    uint64_t t = now_ns(), want = 0;
    for (int i = 0; i < 2; i++) if (!win[i].set && t >= (i ? t_end : t_warm)) { win[i].set = 1; win[i].t = t / 1e9; win[i].ok = ok; win[i].marks = marks_all; cpu_of(&win[i]); }
    if (is_open) {
      for (;;) {
        uint64_t at = t_begin + (uint64_t)(arrivals * 1e9 / rate);
        if (at >= t_end || arrivals >= max_n) break;
        if (at > t) { want = at; break; }
        arrivals++;
        if (n_idle) begin(&cs[idle[--n_idle]], at);
        else { if (q_tail - q_head >= q_cap) { fprintf(stderr, "load: queue overflow\n"); break; } queue[q_tail++ % q_cap] = at; }
      }
      if (!want && !inflight && q_head == q_tail) break;
    } else {
      while (next_start < n_conn && cs[next_start].start_at <= t) { if (started < max_n && t < t_end) begin(&cs[next_start], t); next_start++; }
      if (next_start < n_conn) want = cs[next_start].start_at;
      else if (!inflight && (t >= t_end || started >= max_n)) break;
      if (!want) want = t_end > t ? t_end : stop;
    }
    if (t > stop) break;
    if (!want || want > stop) want = stop + 1000;
    if (want != armed) { struct itimerspec it = { .it_value = { want / 1000000000ull, want % 1000000000ull } }; timerfd_settime(tfd, TFD_TIMER_ABSTIME, &it, NULL); armed = want; }
    int n = epoll_wait(ep, evs, 512, -1);
    for (int i = 0; i < n; i++) if (!evs[i].data.ptr) { uint64_t x; if (read(tfd, &x, 8)) {} armed = 0; } else on_event(evs[i].data.ptr, evs[i].events);
  }
  if (win[0].set && !win[1].set) { win[1].set = 1; win[1].t = last_done / 1e9; win[1].ok = ok; win[1].marks = marks_all; cpu_of(&win[1]); }
  uint64_t end = last_done && last_done < t_end + 1000000000ull ? t_end : last_done; if (last_done && last_done < t_end) end = last_done;
  double secs = end > t_warm ? (end - t_warm) / 1e9 : 0;
  printf("{\"started\":%ld,\"ok\":%ld,\"errors\":%ld,\"unfinished\":%ld,\"bad_status\":%ld,\"bad_stream\":%ld,\"conn_err\":%ld,\"reconnects\":%ld,\"max_inflight\":%ld,\"queued_left\":%zu,\"bytes_in\":%llu,\"measured\":%ld,\"seconds\":%.3f,\"rps\":%.1f",
    started, ok, errors, inflight, bad_status, bad_stream, conn_err, reconnects, max_inflight, q_tail - q_head, (unsigned long long)bytes_in, measured, secs, secs > 0 ? measured / secs : 0);
  printf(",\"win\":{\"s\":%.3f,\"ok\":%ld,\"marks\":%ld,\"user_ms\":%.0f,\"sys_ms\":%.0f}", win[1].t - win[0].t, win[1].ok - win[0].ok, win[1].marks - win[0].marks, win[1].user - win[0].user, win[1].sys - win[0].sys);
  print_series("lat", &lat); print_series("ttfb", &ttfb); print_series("chunk", &chunk);
  printf("}\n"); return 0;
}
