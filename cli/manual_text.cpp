// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/manual_text.hpp"

#include <algorithm>
#include <array>

namespace pecanctl::cli {
namespace {

using Prose = std::string_view;

constexpr std::array k_program{
    Prose{"pecanctl takes a machine with Docker to a running instance of PEcAn, the Predictive "
          "Ecosystem Analyzer, runs model jobs on as many workers as are needed, and removes all "
          "of it again without touching anything else. An instance is described by a short file, "
          "`pecan.yml`; see pecan.yml(5)."},
    Prose{"Every command can be repeated: after success, failure, Ctrl-C or power loss the same "
          "command continues where it was needed. pecanctl changes and removes only what carries "
          "its own labels."},
    Prose{"The answer goes to standard output, everything else to standard error. With `--json` "
          "every line of standard output is one JSON object; commands that change something end "
          "with a `result`, whose `exit` is the exit code. Off a terminal nothing is asked: an "
          "unanswered question is an error that names the flag which answers it."},
    Prose{"The first Ctrl-C ends the command after its current step, the second one at once. "
          "Either way repeating it continues."},
};

constexpr std::array k_instance_file{
    Prose{"The file says what differs from the standard stack. pecanctl looks for it in the "
          "current folder and above; `-C` and `--file` name another place. The smallest one is:"},
    Prose{"Unknown and duplicate keys, aliases, anchors and merge keys are mistakes, and all of "
          "them are reported at once with line and column by `pecanctl validate`. Values may "
          "have variables of the environment: `${VAR}` must be set, `${VAR:-text}` has a default, "
          "`${VAR:?why}` says why it is needed; `$$` is a dollar sign. No other file is read "
          "for them."},
    Prose{
        "The profile `core` has the database, the broker and the models. The profile `full` has "
        "all of PEcAn: behind the front proxy traefik, which alone other machines can reach, "
        "there are bety (/bety/), web (/pecan/), rstudio (/rstudio/), docs (/), monitor "
        "(/monitor/), api (/api/) and dbsync (/dbsync/); the executor runs workflows. Under "
        "`services` each of them but postgres and rabbitmq may be `off`; those that are not "
        "traefik, rstudio, postgres or rabbitmq may have several `replicas`. BETY's first user is "
        "`admin`, RStudio's is `carya`; their passwords are in `secrets/admin` and "
        "`secrets/rstudio`."},
    Prose{
        "PEcAn's web page reads `config.php`. pecanctl writes it beside pecan.yml, between two "
        "marks, with `hosts` as the execution hosts that the page offers; what you add outside of "
        "the marks is kept. `pecanctl deploy -n` shows what would change in it."},
    Prose{
        "The services are those of PEcAn's docker-compose.yml, but for this: the broker, the "
        "database and the proxy are of supported versions, and neither the broker's management "
        "page nor the proxy's dashboard is open to everybody. There is no guest at the broker, "
        "every role has a generated password, and BETY, web page and API share one generated "
        "key. PEcAn's images take these from their environment only, so `docker inspect` shows "
        "them to whoever may use Docker. All capabilities are dropped but those a service needs. "
        "The monitor asks the broker where its management page really is. The workers of a model "
        "share a network. In release develop basgra and ed2 are the versions that are published. "
        "The model fates is left out. `pecanctl validate --print --as compose` shows all of it as "
        "a Compose file."},
    Prose{
        "With `external`, the database or the broker is one that runs elsewhere: no container is "
        "made for it, and nothing but what `deploy` says is changed there. Its address must mean "
        "the same in a container as on this machine, so 127.0.0.1 is refused. A database that has "
        "data without BETY's tables is never filled; an empty one is, by a role that may make "
        "roles and databases. There must be a role bety whose password is the secret of that name, "
        "or the right to make one. A broker must wait for a job as long as the longest one takes "
        "(`consumer_timeout`). `destroy` leaves both alone. `image` of an external postgres is "
        "where pg_dump is taken from: it must not be older than the server."},
    Prose{
        "A model's `build` in a git repository names a whole commit, so that the same file always "
        "gives the same image; `git ls-remote URL` shows the commit of a branch or tag. The "
        "program git fetches it, with its own settings and credentials; submodules are not "
        "fetched. What a `.dockerignore` leaves out is not sent to the engine."},
    Prose{
        "With `site.requests`, and a token from `pecanctl register site`, the agent answers hosts "
        "that ask for a site number as PEcAn's web/setups of 2017 do: POST of the fields "
        "client_sceret, server_auth_token and fqdn to /pecan/setups/serversyncscript.php. A new "
        "host gets a number that nobody else has and a secret, which is kept as a digest only; "
        "with that it gets its number again. Where the secret was lost, its key pecan/sites/N in "
        "Consul and its number in BETY's machines have to be taken out by hand. A web server with "
        "TLS belongs in front of it."},
};

constexpr std::array k_init{
    Prose{"Writes a commented `pecan.yml`, fresh random passwords below `secrets/` (mode 0600, in "
          "a folder of mode 0700), the identity of the instance, and a `.gitignore` that keeps "
          "the secrets out of version control. What is there already is kept, so the command can "
          "be repeated."},
    Prose{"Keep a copy of `secrets/`: without `secrets/instance` pecanctl does not take the "
          "containers for its own any more."},
};

constexpr std::array k_deploy{
    Prose{"Compares what runs with pecan.yml and changes what differs: images first, then the "
          "services in the order of their dependencies, each step waiting until the service is "
          "really healthy. A service that does not come up after a change is put back to the "
          "version that ran before. When nothing differs, nothing is written."},
    Prose{"Workers that have to be replaced finish their job first. With a list of services only "
          "those are changed, together with what they need and what does not run."},
    Prose{"In the profile full it also does what else makes a PEcAn: it loads BETY's data into an "
          "empty database (never onto rows; a load that was interrupted begins again), moves the "
          "ids into the range of `site.id` (99 until there is one), adds the users admin and "
          "guestuser, and with `--demo-data` PEcAn's demonstration sites and inputs. What is done "
          "is not done again. When an image of a model, or of docs, rstudio, monitor, api or "
          "dbsync, cannot be had, all the others are deployed, and the exit code is 7."},
    Prose{"An update is another release or image in pecan.yml: the images come first, then the "
          "database is saved into the folder `backups` (the newest 10 stay) and migrated by the "
          "new BETY, then the services are replaced, those that may run twice beside the old ones. "
          "`--rollback` and "
          "`--revision` put the pecan.yml of an earlier revision back, as the history in Consul "
          "keeps it (what stood there goes to pecan.yml.replaced), and deploy it; the database "
          "stays as it is. `--update` asks the registry for the newest release that all needed "
          "images have, without pre-releases, writes it into pecan.yml when its images are here "
          "(keeping pecan.yml.replaced, too), and deploys it."},
    Prose{"Worker counts that `pecanctl scale` set stay, whatever pecan.yml says."},
};

constexpr std::array k_run{
    Prose{"Submits one job for each run folder to the queue of the model, waits for their "
          "outcome, and reports. Folders are named as they are seen in `/data`; folders of this "
          "machine that lie in the data folder are understood too. What is OK already is skipped. "
          "Success is said of a job only after the broker has confirmed it."},
    Prose{"Interrupting the command leaves the jobs running; `pecanctl run --attach` waits for "
          "them again, also after a crash. While another process waits for a run, `--attach` "
          "looks on, and goes on when that process ends. A job that ended in ERROR is shown with "
          "the end of its output; all of it is in `out/<run>/logfile.txt` beside `run/<run>`."},
    Prose{"Arrays: `--array` reads a table, comma separated (`.csv`) or tab separated (`.tsv`), "
          "whose first line names the columns; fields may be quoted as in RFC 4180. `--matrix` "
          "gives a column and its values. Several of them are multiplied. In each DIR, for each "
          "row, `{column}` is replaced by the value and `{#}` by the number of the row. "
          "`--runs-from` takes PEcAn's `runs.txt`, an id a line, of this machine or in `/data`; "
          "the folders are beside it."},
    Prose{"With `--template` each folder is made from another one, of this machine or in `/data`. "
          "Files whose name ends in `.in` are filled in, `{column}` as above, and lose that "
          "ending; what else stands in braces stays, `${name}` too. A folder appears whole or not "
          "at all. One that is there with the same contents is left as it is; with others it is "
          "a mistake, or, with `--rerun`, gets the time as a suffix and is made anew."},
    Prose{"`--retries` tries again what failed, `--retry-on` says what that is: `error` (it ended "
          "in ERROR), `lost` (no worker answers for it any more) or `timeout`. A job that a "
          "worker has had for longer than `--job-timeout` counts as timed out; a percentage is of "
          "the median of the jobs that are OK, and holds after three of them. Time in the queue "
          "does not count. No running model is ever killed: its worker goes on, and a good "
          "outcome that comes later makes the next `run` skip the job. Trying again after a "
          "timeout therefore puts two workers into one folder; do it only where that is harmless. "
          "`--timeout` is about the whole command: the jobs go on."},
    Prose{"`--halt` ends the run early. With `soon` nothing new is sent and what is under way is "
          "waited for, with `now` what no worker has begun is taken back, too, and the rest goes "
          "on alone: `--attach` waits for it. The reason is a number of jobs that `fail`, "
          "`success` or are `done`, or a percentage of all jobs of the run, three at least. "
          "`--cancel` takes back what no worker has begun of a run, whoever waits for it; for a "
          "moment all messages of the queue are held, and those of others then return to their "
          "place in it."},
    Prose{"A job is known by its key (the queue, its folder and the contents of its job.sh), never "
          "by its place in a list, so a list may be edited and sorted between two runs; with GNU "
          "parallel's `--resume` it must not. What is OK is always skipped. What ended in ERROR, "
          "was lost or timed out is submitted again (`--resume-failed` says so explicitly), with "
          "`--resume` it is left out, as long as its job.sh is the same and its run is among the "
          "last hundred. Names with `{#}` do depend on the order of the rows."},
    Prose{"`--joblog` appends a line for each job that ends, in the nine columns of GNU parallel: "
          "Host is the queue, Send the size of the message, Receive that of the output; Exitval "
          "is 0, 1 for ERROR, and -1 for a lost job or (Signal 15) a timeout. `--results` keeps "
          "`stdout` (its last 64 KiB), `outcome` and `joblog.json` of each job in "
          "`DIR/column/value/...`, or, without columns, in `DIR` and the path of its folder."},
    Prose{"`--task` is map-reduce. The task file, whose keys are below, names an input and how it "
          "is cut into chunks; a command that maps a chunk, one that checks what it made, and one "
          "that reduces all of it. They are programs with arguments, never lines for a shell, and "
          "run on the workers of the model, in a scratch folder of the job; what stands in braces "
          "is a path there: `{program}`, `{input}`, `{output}`; `{left}` and `{right}` of a "
          "comparison; `{chunk}` is the number of the chunk. Everything is in "
          "`/data/tasks/NAME-DIGEST`, and the digest is of the input, the program, the commands "
          "and the workers' image: the same command again goes on where the last one ended, and "
          "a changed task is another one. Workers need a POSIX shell, awk and sha256sum."},
    Prose{"Each chunk and each output has a manifest with its size and SHA-256. An output appears "
          "by a rename. A result counts only when the command ended well, `check` said yes, and "
          "the output is what its manifest says, which pecanctl looks at itself; anything else "
          "is a failure, run again as often as `retries` says. With `quorum: N` N different "
          "workers run each chunk; more than half of all valid results have to agree, and while "
          "they do not, further workers are asked, up to `max_results`. A worker that has given "
          "its result of a chunk declines another job of it. The reduction runs once, when every "
          "chunk is verified. When a chunk fails for good, the exit code is 11, and its exit "
          "status, signal, want of memory and last 50 lines are shown; what is verified stays."},
};

constexpr std::array k_scale{
    Prose{"Sets how many workers each named model has. Only idle workers are removed; a busy one "
          "finishes its job first. The count is remembered in Consul: later deploys keep it."},
};

constexpr std::array k_destroy{
    Prose{"Removes the containers, networks and keys of the instance. Data stays unless "
          "`--volumes` is given, and `pecanctl deploy` brings the instance back with it. The name "
          "has to be typed, or given with `--confirm`."},
    Prose{"With `-i` no pecan.yml is needed: the instance is found by its labels. The machine's "
          "Consul container goes with the last instance."},
};

constexpr std::array k_status{
    Prose{"Shows the services, busy and idle workers, queues, drift from pecan.yml, and who holds "
          "the lock. It never waits for a lock and changes nothing. With `--check` it exits 10 "
          "unless everything is healthy and as pecan.yml wants it; with `-q` in addition it is "
          "silent then, as cron needs it."},
    Prose{"`--jobs` lists the runs that this user has begun on this machine: how many of their "
          "jobs ended how, how many are under way, and which process waits for them."},
};

constexpr std::array k_validate{
    Prose{"Checks pecan.yml and the secrets that it names, without a connection to anything. All "
          "mistakes are reported in one go, with line, column and the way to fix them. With "
          "`--print --as compose` it shows all that would run, for reading beside PEcAn's own "
          "docker-compose.yml; secrets are left out."},
};

constexpr std::array k_completion{
    Prose{"Prints the script that teaches a shell to complete pecanctl's commands, flags, "
          "services, models and instances. The Debian package installs all three of them; this is "
          "for other installations. The scripts ask pecanctl itself, so they never grow old."},
};

constexpr std::array k_environment{
    ManualEntry{"PECANCTL_FILE", "The instance file, as with `--file`, which wins."},
    ManualEntry{"PECANCTL_INSTANCE", "The instance to act on, as with `-i`, which wins."},
    ManualEntry{"PECANCTL_JSON", "`1` or `true`: as with `--json`."},
    ManualEntry{
        "PECANCTL_TEMPLATES",
        "Folder of the standard stack, when it is not in ../share/pecanctl of the program."},
    ManualEntry{"DOCKER_HOST",
                "The Docker Engine, as `unix://PATH`. Only sockets of this machine are supported. "
                "Default: `unix:///var/run/docker.sock`."},
    ManualEntry{"CONSUL_HTTP_ADDR",
                "Consul's address; wins over pecan.yml. Default: the machine's own container."},
    ManualEntry{"CONSUL_HTTP_TOKEN", "Token for Consul."},
    ManualEntry{
        "PGHOST",
        "The database that `sync` works on: a host, or the folder of a socket. Default: the "
        "instance's own database."},
    ManualEntry{"PGPORT", "Its port, with PGHOST. Default: 5432."},
    ManualEntry{"PGDATABASE", "Its name, with PGHOST. Default: bety."},
    ManualEntry{"PGUSER", "The role to connect as, with PGHOST. Default: postgres."},
    ManualEntry{"PGPASSWORD", "Its password, with PGHOST. Default: as ~/.pgpass says."},
    ManualEntry{
        "JOURNAL_STREAM",
        "Set by systemd: messages have priorities instead of times when stderr goes there."},
    ManualEntry{"NO_COLOR", "When it is not empty: no colour."},
    ManualEntry{"TERM", "`dumb`, or unset: neither colour nor a moving display."},
    ManualEntry{"CI", "When it is set: no moving display."},
    ManualEntry{"GITHUB_ACTIONS", "`true`: mistakes in files are also given as annotations."},
    ManualEntry{"XDG_STATE_HOME",
                "Where users other than root keep the journal of their runs. Default: "
                "`~/.local/state`, of the folder in `HOME`."},
    ManualEntry{"HOME", "See XDG_STATE_HOME. It need not be set."},
    ManualEntry{"SUDO_USER", "Who is named as the holder of a lock, instead of root."},
};

constexpr std::array k_files{
    ManualEntry{"pecan.yml", "The instance; see pecan.yml(5)."},
    ManualEntry{"secrets/", "Beside pecan.yml: passwords and the identity, mode 0600."},
    ManualEntry{"/etc/pecanctl/config.yml", "Settings of the machine, below those of the user."},
    ManualEntry{"/run/pecanctl/", "Locks, for root and the group docker; else /run/lock."},
    ManualEntry{"/var/lib/pecanctl/INSTANCE/runs/",
                "Journal of runs submitted by root; that of other users is in "
                "`~/.local/state/pecanctl/INSTANCE/runs/`."},
    ManualEntry{"/var/lib/pecanctl/INSTANCE/sync/", "Dumps that root fetched, and logs of pulls."},
    ManualEntry{"/usr/share/pecanctl/", "The standard stack, images to build, and schemas."},
};

constexpr std::array k_sync{
    Prose{"Fetches the dump (bety.tar.gz) that each site publishes, then makes that site's rows "
          "here what "
          "its dump says: all of them in one transaction, or none. Only rows with ids of the site "
          "are "
          "touched, and only those that differ are written. Nothing in a dump is run."},
    Prose{
        "A row that would break a rule of the database (a parent that is missing, a key that "
        "another row "
        "has, a value out of its range) is held back in the table `pecanctl.quarantine`, with the "
        "reason, until it fits; `--policy` says otherwise. A row that its site has dropped stays "
        "while "
        "rows of others need it. Users of other sites lose their names and rights, unless "
        "`sync.trusted` "
        "in pecan.yml has the site."},
    Prose{
        "The database is the instance's own, or what libpq's variables say when `PGHOST` is set. A "
        "superuser is fastest; the owner of the tables can do it, too. What was pulled is in "
        "`pecanctl.sync_log`, in sync.jsonl, and in sync.log as PEcAn's status page reads it."},
    Prose{
        "A site that publishes with pecanctl signs what it publishes (bety.manifest.json). Of such "
        "a site only the pieces that differ from the rows here are fetched. The key that is seen "
        "first is trusted, or the one that the site has registered in Consul; it is remembered in "
        "`pecanctl.site_keys`. From then on a wrong signature, an older manifest, another key "
        "without the word of the one before, a piece that is not what the manifest says, and no "
        "manifest at all are refused, and nothing changes. `--accept-key` trusts what the site has "
        "now: ask its contact first."},
    Prose{
        "`--serve` offers the published folder over HTTP without another web server, to those who "
        "show this site's token (secrets/site_token) as a bearer; `agent` does the same where "
        "`sync.publish.listen` says. Others name the token in their pecan.yml: `sync: {tokens: {1: "
        "{file: FILE}}}`. It does not encrypt: put a proxy with TLS before it where strangers "
        "listen."},
    Prose{
        "`--request` takes one JSON object instead of flags: `cmd`, which is \"sync\"; `remotes`, "
        "numbers of sites; `mode`, \"plan\" or \"apply\"; `policy`; `deadline_s`. With `--json` "
        "the answer is JSON Lines, the last of which is the result."},
};

struct CommandProse {
  std::string_view command;
  std::span<const Prose> paragraphs;
};

constexpr std::array k_commands_prose{
    CommandProse{"init", k_init},
    CommandProse{"deploy", k_deploy},
    CommandProse{"run", k_run},
    CommandProse{"scale", k_scale},
    CommandProse{"destroy", k_destroy},
    CommandProse{"status", k_status},
    CommandProse{"sync", k_sync},
    CommandProse{"validate", k_validate},
    CommandProse{"completion", k_completion},
};

}  // namespace

std::span<const std::string_view> program_prose()
{
  return k_program;
}

std::span<const std::string_view> instance_file_prose()
{
  return k_instance_file;
}

std::span<const std::string_view> command_prose(std::string_view command)
{
  const auto* const found = std::ranges::find(k_commands_prose, command, &CommandProse::command);
  return found == k_commands_prose.end() ? std::span<const Prose>{} : found->paragraphs;
}

std::span<const ManualEntry> environment_entries()
{
  return k_environment;
}

std::span<const ManualEntry> file_entries()
{
  return k_files;
}

}  // namespace pecanctl::cli
