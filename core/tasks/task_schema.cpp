// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include <array>

#include "core/tasks/task.hpp"

namespace pecanctl::tasks {
namespace {

using config::Key;
using config::Type;

// The one description of task.yaml. Order: that of the reference page.
constexpr std::array k_task_keys{
    Key{.path = "name",
        .description = "Begins the name of its folder in /data/tasks: a-z, 0-9 and -",
        .is_required = true},
    Key{.path = "model",
        .description = "Model of pecan.yml whose workers run it; MODEL on the command line wins"},
    Key{.path = "image",
        .description = "Image that the workers must have, by digest: sha256:... or "
                       "NAME@sha256:...; default: the one they have"},
    Key{.path = "program",
        .type = Type::list,
        .description = "Files beside task.yaml that its commands need: {program} on a worker"},

    Key{.path = "input",
        .type = Type::map,
        .description = "What is cut into chunks",
        .is_required = true},
    Key{.path = "input.cut",
        .type = Type::choice,
        .description = "How: whole lines; records of a number of bytes together; rows of CSV, "
                       "under the header; files; rows of all combinations of a matrix",
        .choices = "lines|bytes|rows|files|matrix",
        .is_required = true},
    Key{.path = "input.each",
        .type = Type::size,
        .description = "What a chunk gets: lines, bytes (1MiB), rows or files; at most 64 MiB",
        .fallback = "1"},
    Key{.path = "input.file",
        .description = "The file for lines, bytes and rows, beside task.yaml"},
    Key{.path = "input.files",
        .type = Type::list,
        .description = "Names, patterns (*.txt) and folders, beside task.yaml, for files"},
    Key{.path = "input.matrix", .type = Type::map, .description = "Columns and their values"},
    Key{.path = "input.matrix.*", .type = Type::list, .description = "The values of a column"},
    Key{.path = "input.separator",
        .description = "What ends a record of bytes; default: the end of a line"},

    Key{.path = "map",
        .type = Type::list,
        .description = "Program and arguments, for each chunk: reads {input}, writes {output}",
        .is_required = true},
    Key{.path = "check",
        .type = Type::list,
        .description = "Exit status 0: {output} is good. Runs after map, in the same job"},
    Key{.path = "reduce",
        .type = Type::list,
        .description = "Once, when every chunk is verified: reads the files that {input} lists, a "
                       "path a line, writes files into the folder {output}",
        .is_required = true},
    Key{.path = "compare",
        .type = Type::map,
        .description = "When two outputs are the same; default: their SHA-256 is"},
    Key{.path = "compare.command",
        .type = Type::list,
        .description = "Exit status 0: {left} and {right} are the same; 1: they are not"},
    Key{.path = "compare.tolerance",
        .type = Type::number,
        .description = "CSV files are the same when no number differs by more than this"},
    Key{.path = "compare.relative",
        .type = Type::number,
        .description = "The same, as a part of the larger of the two numbers"},

    Key{.path = "quorum",
        .type = Type::integer,
        .description = "So many workers run each chunk, and a majority has to agree",
        .fallback = "1",
        .minimum = 1,
        .maximum = 15},
    Key{.path = "max_results",
        .type = Type::integer,
        .description = "Most results of a chunk while they disagree; default: quorum + 3",
        .minimum = 1,
        .maximum = 31},
    Key{.path = "retries",
        .type = Type::integer,
        .description = "How often a job that failed is run again",
        .fallback = "1",
        .maximum = 100},
    Key{.path = "timeout",
        .type = Type::duration,
        .description = "How long each command may take; it is ended then. Default: no limit"},
    Key{.path = "resources",
        .type = Type::map,
        .description = "What a job needs; workers with less are refused"},
    Key{.path = "resources.memory", .type = Type::size, .description = "At least so much"},
    Key{.path = "resources.cpus", .type = Type::number, .description = "At least so many"},
    Key{.path = "resources.pids",
        .type = Type::integer,
        .description = "At least so many processes and threads",
        .maximum = 1'000'000},
};

}  // namespace

const config::Schema& task_schema()
{
  static const config::Schema k_schema{k_task_keys};
  return k_schema;
}

}  // namespace pecanctl::tasks
