# SPDX-FileCopyrightText: the pecanctl authors
# SPDX-License-Identifier: BSD-3-Clause
"""A library that lets a program believe that it is another day."""

import subprocess

SOURCE = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <time.h>
int clock_gettime(clockid_t clock, struct timespec* now) {
  static int (*real)(clockid_t, struct timespec*);
  if (!real) real = (int (*)(clockid_t, struct timespec*))dlsym(RTLD_NEXT, "clock_gettime");
  const int code = real(clock, now);
  if (clock == CLOCK_REALTIME) now->tv_sec += SKEW;
  return code;
}
time_t time(time_t* out) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (out) *out = now.tv_sec;
  return now.tv_sec;
}
"""


def skewed_clock(folder, seconds):
    """Variables for a program whose clock is to be that much ahead. The library is made in `folder`."""
    (folder / "clock.c").write_text(SOURCE)
    subprocess.run(["cc", "-shared", "-fPIC", f"-DSKEW={seconds}", "-o", folder / "clock.so", folder / "clock.c", "-ldl"],
                   check=True)
    return {"LD_PRELOAD": folder / "clock.so"}
