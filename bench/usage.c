/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * bench-usage FILE PROGRAM [ARGUMENT ...]: runs a program and appends a line to FILE: CPU time in µs
 * and peak memory in KiB, its children's included. It is linked statically and starts by vfork, or
 * what is measured would be its own memory.
 */
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static long long microseconds(struct timeval time)
{
    return time.tv_sec * 1000000LL + time.tv_usec;
}

int main(int argc, char **argv)
{
    struct rusage usage;
    int status = 0;
    FILE *out = argc > 2 ? fopen(argv[1], "ae") : NULL;
    if (out == NULL)
        return 2;
    pid_t pid = vfork();
    if (pid == 0) {
        (void)execvp(argv[2], argv + 2);
        _exit(127);
    }
    if (pid < 0 || wait4(pid, &status, 0, &usage) != pid)
        return 2;
    (void)fprintf(out, "%lld %ld\n", microseconds(usage.ru_utime) + microseconds(usage.ru_stime),
                  usage.ru_maxrss);
    return fclose(out) == 0 && WIFEXITED(status) ? WEXITSTATUS(status) : 2;
}
