# SPDX-FileCopyrightText: the pecanctl authors
# SPDX-License-Identifier: BSD-3-Clause
"""Figures beside their yardsticks and limits."""

import statistics
from typing import NamedTuple


class Time(NamedTuple):
    wall: float
    processor: float  # of the programs and of the server's sessions; a busy machine changes it little


class Run(NamedTuple):
    time: Time
    memory: int  # MiB
    code: int
    error: str


class Row:
    """What is measured several times, each time beside its yardstick."""

    def __init__(self, name, ratio=0.0, limit=0.0, unit="s"):
        self.name, self.ratio, self.limit, self.unit = name, ratio, limit, unit
        self.values, self.yardsticks, self.processor, self.notes, self.note = [], [], [], {}, ""

    def add(self, value, yardstick=None, **notes):
        if isinstance(value, Time):
            self.processor.append((value.processor, yardstick.processor if yardstick else 0.0))
            value, yardstick = value.wall, yardstick and yardstick.wall
        self.values.append(value)
        if yardstick is not None:
            self.yardsticks.append(yardstick)
        for name, number in notes.items():
            self.notes.setdefault(name, []).append(number)

    def show(self):
        """Its line, and whether its limit is missed."""
        if not self.values:
            return f"{self.name:24}{'-':>9}", True
        value = statistics.median(self.values)
        base = statistics.median(self.yardsticks) if self.yardsticks else 0.0
        bad = (self.ratio and value > self.ratio * base) or (self.limit and value > self.limit)
        digits = 0 if self.unit in ("MiB", "") else 2
        line = f"{self.name:24}{value:9.{digits}f}"
        line += f"{base:10.2f}{value / base:8.2f}{self.ratio:8.2f}" if base else f"{'':18}{self.limit:8.{digits if digits == 0 else 1}f}"
        # A yardstick's median beside a WAL's worst: limits that are given with the row.
        ours, theirs = (statistics.median(column) for column in zip(*self.processor)) if self.processor else (0, 0)
        line += f"{ours:10.2f}{ours / theirs:8.2f}" if theirs else f"{ours:10.2f}{'':8}" if ours else " " * 18
        notes = [f"{name.replace('_', ' ')} {max(numbers):.0f}" for name, numbers in self.notes.items()]
        if max(self.notes.get("WAL_MiB", [0])) > 10:
            bad = True
        return f"{line}  {self.unit:4}{', '.join(notes + ([self.note] if self.note else []))}{'   MISSED' if bad else ''}", bool(bad)
