// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include <array>

#include "core/project/instance_file.hpp"

namespace pecanctl::project {
namespace {

using config::Key;
using config::Type;

constexpr std::string_view k_web = "the web services come with the profile full";
constexpr std::string_view k_replicas = "replicas of standard services";
constexpr std::string_view k_external = "external services";
constexpr std::string_view k_scale = "automatic scaling";

// The one description of pecan.yml. Order: that of the reference page.
constexpr std::array k_instance_keys{
    Key{.path = "pecan",
        .description = "Release of PEcAn: the tag of every pecan/* image",
        .is_required = true},
    Key{.path = "name",
        .description = "Prefix of containers, network and volumes; key in Consul",
        .is_required = true},
    Key{.path = "profile",
        .type = Type::choice,
        .description = "core: database, broker and models; full: the web services too",
        .fallback = "full",
        .choices = "core|full"},

    Key{.path = "http", .type = Type::map, .description = "Where the web pages are served"},
    Key{.path = "http.host",
        .description =
            "Public name, and this instance's in BETY's machines; default: the machine's"},
    Key{.path = "http.port",
        .type = Type::integer,
        .description = "Port of the front proxy",
        .fallback = "80",
        .not_yet = k_web,
        .minimum = 1,
        .maximum = 65535},
    Key{.path = "http.tls",
        .type = Type::map,
        .description = "Encryption: acme_email, or cert and key",
        .not_yet = k_web},
    Key{.path = "http.tls.acme_email", .description = "Contact for automatic certificates"},
    Key{.path = "http.tls.cert", .description = "Certificate file"},
    Key{.path = "http.tls.key", .description = "Key file"},

    Key{.path = "data",
        .description = "Host folder for /data, relative to this file; default: an engine volume"},

    Key{.path = "models", .type = Type::map, .description = "Models to run, by name"},
    Key{.path = "models.*",
        .type = Type::map,
        .description = "A model of the catalogue, or one of yours"},
    Key{.path = "models.*.type",
        .description = "As in BETY's modeltypes.name; default: the catalogue's"},
    Key{.path = "models.*.version",
        .description = "As in BETY's models.revision; default: the catalogue's"},
    Key{.path = "models.*.replicas",
        .type = Type::integer,
        .description = "Workers",
        .fallback = "1",
        .minimum = 0,
        .maximum = 512},
    Key{.path = "models.*.memory",
        .type = Type::size,
        .description = "Limit of each worker; default: 2GiB"},
    Key{.path = "models.*.cpus",
        .type = Type::number,
        .description = "Limit of each worker; default: none"},
    Key{.path = "models.*.max_runtime",
        .type = Type::duration,
        .description = "Longest run of one job; the broker waits that long",
        .fallback = "24h"},
    Key{.path = "models.*.image", .description = "Image of the worker"},
    Key{.path = "models.*.build", .description = "Folder with a Dockerfile, relative to this file"},
    Key{.path = "models.*.worker",
        .type = Type::choice,
        .description =
            "Who consumes the jobs in the image: model.py (stock) or pecan-worker (pecan)",
        .choices = "stock|pecan"},
    Key{.path = "models.*.scale",
        .type = Type::map,
        .description = "Bounds of automatic scaling",
        .not_yet = k_scale},
    Key{.path = "models.*.scale.min",
        .type = Type::integer,
        .description = "Fewest workers",
        .maximum = 512},
    Key{.path = "models.*.scale.max",
        .type = Type::integer,
        .description = "Most workers",
        .maximum = 512},

    Key{.path = "services",
        .type = Type::map,
        .description = "What differs from the standard stack"},
    Key{.path = "services.*",
        .type = Type::map_or_off,
        .description = "A standard service, or off"},
    Key{.path = "services.*.image", .description = "Another image"},
    Key{.path = "services.*.memory", .type = Type::size, .description = "Another limit"},
    Key{.path = "services.*.cpus", .type = Type::number, .description = "A limit; default: none"},
    Key{.path = "services.*.port",
        .type = Type::integer,
        .description = "Its port on 127.0.0.1; default: a free one",
        .maximum = 65535},
    Key{.path = "services.*.replicas",
        .type = Type::integer,
        .description = "How many, balanced by the front proxy",
        .not_yet = k_replicas,
        .maximum = 512},
    Key{.path = "services.*.external",
        .description = "URL of one that runs elsewhere",
        .not_yet = k_external},

    Key{.path = "site", .type = Type::map, .description = "This site in the network of BETYs"},
    Key{.path = "site.id", .description = "Its number, or auto; default: auto"},
    Key{.path = "site.url", .description = "Where others fetch its data: URL of bety.tar.gz"},
    Key{.path = "site.contact", .description = "E-mail address for the other sites"},
    Key{.path = "hosts",
        .type = Type::map,
        .description = "Execution hosts of the web page",
        .not_yet = k_web},
    Key{.path = "hosts.*",
        .type = Type::map,
        .description = "A host, settings as in PEcAn's config.php"},
    Key{.path = "sync", .type = Type::map, .description = "Exchange of BETY data"},
    Key{.path = "sync.peers",
        .type = Type::list,
        .description = "Sites to pull from; default: all whose URL BETY knows"},
    Key{.path = "sync.urls",
        .type = Type::map,
        .description = "Where dumps are, by site number, instead of what BETY says"},
    Key{.path = "sync.urls.*", .description = "URL of bety.tar.gz: http, https or ftp"},
    Key{.path = "sync.trusted",
        .type = Type::list,
        .description = "Sites whose users come as they are; of others names and rights are reset"},
    Key{.path = "sync.insecure",
        .type = Type::list,
        .description = "Sites whose certificate is not looked at"},
    Key{.path = "sync.max_age",
        .type = Type::duration,
        .description = "How old data may get before --check finds it"},
    Key{.path = "sync.publish", .type = Type::map, .description = "What we offer"},
    Key{.path = "sync.publish.dir", .description = "Folder to write to"},
    Key{.path = "sync.publish.level",
        .type = Type::integer,
        .description =
            "Traits and yields below this access level (1 to 4) are left out; default: 3",
        .maximum = 4},

    Key{.path = "secrets",
        .type = Type::map,
        .description = "Where secrets are; default: files in secrets/"},
    Key{.path = "secrets.*", .type = Type::map, .description = "postgres, rabbitmq, bety"},
    Key{.path = "secrets.*.file", .description = "File, relative to this one"},
    Key{.path = "secrets.*.env", .description = "Variable of pecanctl's own environment"},
    Key{.path = "secrets.*.command",
        .description = "Program that prints it",
        .not_yet = "secrets from a command"},

    Key{.path = "consul", .type = Type::map, .description = "Consul of the site"},
    Key{.path = "consul.address", .description = "URL; default: one container a machine, shared"},
    Key{.path = "engine",
        .type = Type::choice,
        .description = "What runs the containers",
        .fallback = "docker",
        .choices = "docker|swarm",
        .later_choices = "swarm"},
    Key{.path = "images",
        .type = Type::choice,
        .description = "auto: local, else pull, else build ours",
        .fallback = "auto",
        .choices = "auto|pull|build"},
    Key{.path = "backups", .description = "Folder for backups", .not_yet = "backups"},
};

}  // namespace

const config::Schema& instance_schema()
{
  static const config::Schema k_schema{k_instance_keys};
  return k_schema;
}

}  // namespace pecanctl::project
