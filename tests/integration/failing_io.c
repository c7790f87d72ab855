/* SPDX-License-Identifier: MIT
 * Preloaded into a server: lets the COAX_FAIL_AT-th socket call (accept4, recv, send, sendmsg; counted from 0) fail once, and writes
 * which one it was to COAX_FAIL_LOG. COAX_FAIL_HOW=again: EAGAIN, as if nothing could be had; else the error that fits the call. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static atomic_long calls;

static int fails(const char* name, int code)
{
    const char* at = getenv("COAX_FAIL_AT");
    if (at == NULL || atomic_fetch_add(&calls, 1) != atol(at)) return 0;
    const char* how = getenv("COAX_FAIL_HOW");
    const char* log = getenv("COAX_FAIL_LOG");
    char unfinished[4096];
    if (log != NULL && snprintf(unfinished, sizeof unfinished, "%s.new", log) < (int)sizeof unfinished) {
        const int file = open(unfinished, O_WRONLY | O_CREAT | O_TRUNC, 0600);
        if (file < 0 || write(file, name, strlen(name)) < 0) abort();
        close(file);
        if (rename(unfinished, log) != 0) abort(); /* a reader sees all of it or nothing */
    }
    errno = how != NULL && strcmp(how, "again") == 0 ? EAGAIN : code;
    return 1;
}

int accept4(int socket, struct sockaddr* restrict address, socklen_t* restrict length, int flags)
{
    if (fails("accept4", EMFILE)) return -1;
    int (*real)(int, struct sockaddr*, socklen_t*, int) = (int (*)(int, struct sockaddr*, socklen_t*, int))dlsym(RTLD_NEXT, "accept4");
    return real(socket, address, length, flags);
}

ssize_t recv(int socket, void* buffer, size_t size, int flags)
{
    if (fails("recv", ECONNRESET)) return -1;
    ssize_t (*real)(int, void*, size_t, int) = (ssize_t(*)(int, void*, size_t, int))dlsym(RTLD_NEXT, "recv");
    return real(socket, buffer, size, flags);
}

ssize_t send(int socket, const void* buffer, size_t size, int flags)
{
    if (fails("send", EPIPE)) return -1;
    ssize_t (*real)(int, const void*, size_t, int) = (ssize_t(*)(int, const void*, size_t, int))dlsym(RTLD_NEXT, "send");
    return real(socket, buffer, size, flags);
}

ssize_t sendmsg(int socket, const struct msghdr* message, int flags)
{
    if (fails("sendmsg", EPIPE)) return -1;
    ssize_t (*real)(int, const struct msghdr*, int) = (ssize_t(*)(int, const struct msghdr*, int))dlsym(RTLD_NEXT, "sendmsg");
    return real(socket, message, flags);
}
