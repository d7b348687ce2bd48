/* What the parts of the load generator share. Whatever goes wrong ends the program. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <xen/io/xs_wire.h>

#define LINKS 64
#define HEADER sizeof(struct xsd_sockmsg)

/* A connection, and what has come of which `used` bytes are done with. */
struct link {
    int fd;
    size_t have, used;
    char in[1 << 16];
};

struct packet {
    size_t size;
    char bytes[HEADER + 256];
};

extern const char *socket_path;
extern struct link links[LINKS];

void die(const char *what);

/* Seconds. */
double now(void);

struct link *dial(int index);
void send_all(struct link *l, const char *bytes, size_t size);

/* Waits for more to come. */
void fill(struct link *l);

/* A payload of two strings, the second with its NUL if wanted, or of one. */
struct packet encode(int type, uint32_t tx, const char *a, const char *b, bool nul);

/* The next reply that has come, or NULL. EAGAIN is one, any other error is the end. */
const struct xsd_sockmsg *reply(struct link *l);

/* Waits for the next reply. */
const struct xsd_sockmsg *await(struct link *l);

/* Sends a request and waits for its reply. */
void ask(struct link *l, const struct packet *p);

/* Sends `count` packets, at most `depth` in flight, each made in its turn; the seconds it took. */
double stream(struct link *l, long count, int depth, struct packet (*make)(long));

/* The modes that have a file of their own. */
void transactions(int count, long commits, bool fresh);
void populate(struct link *l, long domains);
void spread(struct link *l, int type, long domains, long count);
