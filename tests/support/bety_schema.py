# SPDX-FileCopyrightText: the pecanctl authors
# SPDX-License-Identifier: BSD-3-Clause
"""Prints SQL that makes an empty database one of BETY's shape: its tables, sequences, keys, checks and triggers.

    python3 tests/support/bety_schema.py [--site N] | psql -d DATABASE

Needs PostGIS and a superuser. --site numbers the sequences as site N's (default 99). The facts are in bety_facts.py;
functions and triggers are ours, and do what BETY's do as far as an exchange of rows can notice.
"""

import argparse
import re

from bety_facts import INDEXES, REFERENCES, TABLES

MIGRATIONS = """
1 20130104205059 20130104211901 20130104211946 20130109205535 20130222222929 20130425152503 20130624001504
20130629205658 20130707190720 20130717162614 20130813212131 20130829162053 20130830184559 20140418005637 20140422155957
20140423220457 20140506210037 20140515205254 20140521180349 20140604192901 20140610210928 20140617163304 20140621060009
20140623004229 20140624185610 20140708232320 20140729045640 20140904220035 20140904221818 20140909212759 20140915153555
20141009160121 20141208165401 20141211220550 20150202215147 20150202220519 20150213162341 20150313165132 20150521211114
20150624220952 20150624222656 20150625184958 20150904184512 20151007174432 20151011190026 20151014182146 20160303221049
20160412030352 20160523165531 20160617133217 20160711231257 20160720182233 20160930213737 20161003180105 20161005181021
20161129192658 20170118205944 20170415183619 20170712171513 20180510184222 20181129000515 20200329233137
""".split()

TYPES = {
    "B": "bigint", "I": "integer", "F": "double precision", "L": "boolean", "N": "numeric(4,2)", "N9": "numeric(9,5)",
    "S": "character varying(255)", "V": "character varying", "T": "text", "D": "timestamp(6) without time zone",
    "Du": "timestamp without time zone", "G": "geometry(GeometryZ,4326)", "access": "level_of_access",
    "stat": "statnames", "time": "time(6) without time zone",
}

# Text without stray white space, by table; a name of a check is as long as it needs to be to be unique there.
NORMALIZED = {
    "citations": "author title journal", "cultivars": "name", "entities": "name", "formats": "name", "inputs": "name",
    "methods": "name", "models": "revision", "pfts": "name", "priors": "phylogeny", "projects": "name",
    "sites": "city state country sitename", "species": "scientificname commonname", "treatments": "name definition",
    "users": "name city country state_prov postal_code", "variables": "name description units",
    "workflows": "folder hostname params",
}

CHECKS = """
citations non_negative_citation_volume_number vol >= 0
covariates positive_covariate_sample_size n >= 1
cultivars_pfts no_conflicting_member no_species_member(pft_id)
dbfiles file_path_sanity_check file_path LIKE '/%'
dbfiles no_slash_in_file_name file_name NOT LIKE '%/%'
dbfiles valid_dbfile_container_type container_type IN ('Model', 'Posterior', 'Input')
dbfiles valid_dbfile_md5_hash_value md5 ~ '^([0-9a-z]{32})?$'
dbfiles valid_input_refs container_type <> 'Input' OR container_id = ANY (get_input_ids())
dbfiles valid_model_refs container_type <> 'Model' OR container_id = ANY (get_model_ids())
dbfiles valid_posterior_refs container_type <> 'Posterior' OR container_id = ANY (get_posterior_ids())
experiments properly_ordered_dates end_date >= start_date
machines well_formed_machine_hostname is_host_address(hostname)
models no_spaces_in_model_name is_whitespace_free(model_name)
modeltypes no_spaces_in_modeltype_name is_whitespace_free(name)
modeltypes_formats valid_modeltype_format_tag tag ~ '^[a-z]+$'
pfts valid_pft_type pft_type IN ('plant', 'cultivar', '')
pfts_species no_conflicting_member no_cultivar_member(pft_id)
priors nonnegative_prior_sample_size n >= 0
sites enforce_valid_geom st_isvalid(geometry)
sites valid_site_geometry_specification st_x(st_centroid(geometry)) BETWEEN -180 AND 180 AND st_y(st_centroid(geometry)) BETWEEN -90 AND 90
sites valid_site_map_value map BETWEEN 0 AND 12000
sites valid_site_mat_value mat BETWEEN -25 AND 40
sites valid_site_som_value som BETWEEN 0 AND 100
sites valid_site_sand_and_clay_percentage_values sand_pct >= 0 AND clay_pct >= 0 AND sand_pct + clay_pct <= 100
traits valid_trait_checked_value checked BETWEEN -1 AND 1
users valid_user_crypted_password_value crypted_password ~ '^[0-9a-f]{1,40}$'
users valid_user_login login ~ '^[a-z0-9_][a-z0-9_.@-]{2,39}$'
variables variable_min_is_less_than_max min::float8 <= max::float8
yields valid_yield_checked_value checked BETWEEN -1 AND 1
"""

# What checks, defaults and triggers call. A function that lists all ids is asked once for every row of dbfiles, as in
# BETY: that is slow on purpose.
FUNCTIONS = r"""
CREATE FUNCTION utc_now() RETURNS timestamp LANGUAGE plpgsql AS $$
BEGIN RETURN now() AT TIME ZONE 'UTC'; END $$;
CREATE FUNCTION normalize_whitespace(string text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN RETURN btrim(regexp_replace(string, '\s+', ' ', 'g')); END $$;
CREATE FUNCTION is_whitespace_normalized(string text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN RETURN public.normalize_whitespace(string) = string; END $$;
CREATE FUNCTION is_whitespace_free(string text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN RETURN NOT string ~ '[\s\u00a0]'; END $$;
CREATE FUNCTION is_host_address(string text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN RETURN string ~ '^([\w.~!$&''()*+,;=-]|%[[:xdigit:]]{2})+$'; END $$;
CREATE FUNCTION no_cultivar_member(this_pft_id bigint) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN RETURN NOT EXISTS (SELECT FROM public.cultivars_pfts WHERE pft_id = this_pft_id); END $$;
CREATE FUNCTION no_species_member(this_pft_id bigint) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN RETURN NOT EXISTS (SELECT FROM public.pfts_species WHERE pft_id = this_pft_id); END $$;
CREATE FUNCTION update_timestamp() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.updated_at = OLD.updated_at THEN NEW.updated_at := public.utc_now(); END IF;
  RETURN NEW;
END $$;
CREATE FUNCTION normalize_name_whitespace() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN NEW.name := public.normalize_whitespace(NEW.name); RETURN NEW; END $$;
CREATE FUNCTION restrict_range() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  value float8 := to_jsonb(NEW) ->> TG_ARGV[0];
  lowest float8;
  highest float8;
BEGIN
  SELECT min::float8, max::float8 INTO lowest, highest FROM public.variables WHERE id = NEW.variable_id;
  IF value < lowest OR value > highest THEN
    RAISE EXCEPTION '% of % is not between % and %', TG_ARGV[0], TG_TABLE_NAME, lowest, highest;
  END IF;
  RETURN NEW;
END $$;
CREATE FUNCTION check_correct_cultivar() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  wanted bigint := (SELECT cultivar_id FROM public.sites_cultivars WHERE site_id = NEW.site_id);
  species bigint := (SELECT specie_id FROM public.cultivars WHERE id = coalesce(wanted, NEW.cultivar_id));
BEGIN
  IF NEW.cultivar_id <> wanted OR NEW.specie_id <> species THEN
    RAISE EXCEPTION 'species or cultivar of the trait is not that of its site';
  END IF;
  NEW.cultivar_id := coalesce(NEW.cultivar_id, wanted);
  NEW.specie_id := coalesce(NEW.specie_id, species);
  RETURN NEW;
END $$;
CREATE FUNCTION set_correct_cultivar() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM public.traits WHERE site_id = NEW.site_id AND cultivar_id <> NEW.cultivar_id) THEN
    RAISE EXCEPTION 'traits of the site have another cultivar';
  END IF;
  UPDATE public.traits SET cultivar_id = NEW.cultivar_id WHERE site_id = NEW.site_id;
  RETURN NEW;
END $$;
CREATE FUNCTION forbid_dangling_references() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' THEN
    UPDATE public.dbfiles SET container_id = NEW.id WHERE container_id = OLD.id AND container_type = TG_ARGV[0];
    RETURN NEW;
  ELSIF EXISTS (SELECT FROM public.dbfiles WHERE container_id = OLD.id AND container_type = TG_ARGV[0]) THEN
    RETURN NULL;  -- the row stays, and nobody is told
  END IF;
  RETURN OLD;
END $$;
"""

# Tables whose rows get no new updated_at when they change.
UNDATED = """attributes benchmark_sets benchmarks benchmarks_ensembles benchmarks_ensembles_scores metrics reference_runs
sitegroups sitegroups_sites mimetypes trait_covariate_associations benchmarks_metrics
benchmarks_benchmarks_reference_runs benchmark_sets_benchmark_reference_runs""".split()


def blocks(text):
    """Pairs of a line's first words and the words of the indented lines after it."""
    found = []
    for line in text.strip().splitlines():
        if line.startswith(" "):
            found[-1][1].extend(line.split())
        else:
            found.append((line, []))
    return found


def read_tables():
    """{table: ([(column, type, clause)], has_key)}"""
    tables = {}
    for heading, words in blocks(TABLES):
        name = heading.split()[0]
        columns = []
        for word in words:
            if word.rstrip("!") in ("dates", "udates"):
                kind = "Du" if word.startswith("u") else "D"
                bang = "!" if word.endswith("!") else ""
                expanded = [f"created_at:{kind}{bang}=now", f"updated_at:{kind}{bang}=now"]
            else:
                expanded = [word]
            columns.extend(read_column(name, each) for each in expanded)
        tables[name] = (columns, "(no key)" not in heading)
    return tables


def read_column(table, word):
    if word == "id":
        return "id", "bigint", f"NOT NULL DEFAULT nextval('{table}_id_seq')"
    name, kind, bang, default = re.fullmatch(r"(\w+):([\w(),]+)(!?)(?:=(.*))?", word).groups()
    if re.fullmatch(r"S\d+", kind):
        kind = f"character varying({kind[1:]})"
    clause = "NOT NULL" if bang else ""
    if default == "now":
        clause += " DEFAULT utc_now()"
    elif default is not None:
        clause += " DEFAULT '" + default.strip("'") + "'"
    return name, TYPES.get(kind, kind), clause


def quote(name):
    return name if name == name.lower() else f'"{name}"'


def table_sql():
    for name, (columns, has_key) in read_tables().items():
        lines = [f"  {quote(column)} {kind} {clause}".rstrip() for column, kind, clause in columns]
        lines += [f"  CONSTRAINT {name}_pkey PRIMARY KEY (id)"] if has_key else []
        yield f"CREATE SEQUENCE {name}_id_seq;"
        yield f"CREATE TABLE {name} (\n" + ",\n".join(lines) + "\n);"
    yield "CREATE TABLE schema_migrations (version character varying(255) NOT NULL);"
    yield "CREATE SEQUENCE counties_id_seq; CREATE SEQUENCE location_yields_id_seq;"
    yield "CREATE SCHEMA admin;"
    yield "CREATE TABLE admin.tz_world (gid serial PRIMARY KEY, tzid varchar(30), geom geometry(MultiPolygon,4326));"


def index_sql():
    for line in re.sub(r"\n\s+", " ", INDEXES.strip()).splitlines():
        table, *words = line.split()
        for word in words:
            mark, name, columns, method = re.fullmatch(r"([!=]?)(\w*)\(([\w,]+)\)(\w*)", word).groups()
            name = name or f"index_{table}_on_" + columns.replace(",", "_and_")
            if mark == "=":
                yield f"ALTER TABLE {table} ADD CONSTRAINT {name} UNIQUE ({columns});"
            else:
                unique = "UNIQUE " if mark else ""
                yield f"CREATE {unique}INDEX {name} ON {table} USING {method or 'btree'} ({columns});"


def reference_sql():
    actions = {"u": " ON UPDATE CASCADE", "d": " ON DELETE CASCADE", "r": " ON DELETE RESTRICT", "~": " NOT VALID"}
    for table, words in blocks(REFERENCES):
        for word in words:
            name, column, parent, flags = re.fullmatch(r"(\w+):(\w+)>(\w+)(?:/(.*))?", word).groups()
            clause = "".join(actions[flag] for flag in flags or "")
            yield f"ALTER TABLE {table} ADD CONSTRAINT {name} FOREIGN KEY ({column}) REFERENCES {parent} (id){clause};"


def check_sql():
    for table, columns in NORMALIZED.items():
        for column in columns.split():
            yield f"ALTER TABLE {table} ADD CONSTRAINT normalized_{column} CHECK (is_whitespace_normalized({column}));"
    for line in CHECKS.strip().splitlines():
        table, name, condition = line.split(" ", 2)
        yield f"ALTER TABLE {table} ADD CONSTRAINT {name} CHECK ({condition});"


def trigger_sql():
    for kind, table in (("input", "inputs"), ("model", "models"), ("posterior", "posteriors")):
        yield (f"CREATE TRIGGER forbid_dangling_{kind}_references BEFORE DELETE OR UPDATE OF id ON {table} "
               f"FOR EACH ROW EXECUTE FUNCTION forbid_dangling_references('{kind.capitalize()}');")
    for table in read_tables():
        if table not in UNDATED:
            yield (f"CREATE TRIGGER update_{table}_timestamp BEFORE UPDATE ON {table} "
                   "FOR EACH ROW EXECUTE FUNCTION update_timestamp();")
    for name, when, table, call in (
            ("ensure_correct_cultivar_for_site", "INSERT OR UPDATE OF site_id, cultivar_id, specie_id", "traits",
             "check_correct_cultivar()"),
            ("set_correct_cultivar_for_site", "INSERT OR UPDATE", "sites_cultivars", "set_correct_cultivar()"),
            ("restrict_trait_range", "INSERT OR UPDATE", "traits", "restrict_range('mean')"),
            ("restrict_covariate_range", "INSERT OR UPDATE", "covariates", "restrict_range('level')"),
            ("normalize_cultivar_names", "INSERT OR UPDATE", "cultivars", "normalize_name_whitespace()")):
        yield f"CREATE TRIGGER {name} BEFORE {when} ON {table} FOR EACH ROW EXECUTE FUNCTION {call};"


def sequence_sql(site):
    first = site * 1_000_000_000 + 1
    for table in read_tables():
        yield f"ALTER SEQUENCE {table}_id_seq RESTART WITH {first};"


def ids_sql(body):
    """What the checks of dbfiles call, which look at all rows of dbfiles times all of another table."""
    for kind, table in (("input", "inputs"), ("model", "models"), ("posterior", "posteriors")):
        yield (f"CREATE OR REPLACE FUNCTION get_{kind}_ids() RETURNS bigint[] LANGUAGE plpgsql AS $$\n"
               f"DECLARE ids bigint[];\nBEGIN {body.format(table=table)}RETURN ids; END $$;")


def schema_sql(site=99, rows=""):
    """All of it, as one transaction. `rows` is SQL that fills the tables before they get their indexes and checks."""
    return "\n".join([
        "BEGIN;", "SET client_min_messages = warning;", "SET LOCAL search_path = public;",
        "CREATE EXTENSION IF NOT EXISTS postgis WITH SCHEMA public;",
        "CREATE DOMAIN level_of_access AS integer NOT NULL CHECK (VALUE BETWEEN 1 AND 4);",
        "CREATE DOMAIN statnames AS text NOT NULL DEFAULT '' "
        "CHECK (VALUE IN ('SD', 'SE', 'MSE', '95%CI', 'LSD', 'MSD', 'HSD', ''));",
        "SET LOCAL check_function_bodies = off;", FUNCTIONS, *table_sql(), *sequence_sql(site), rows, *ids_sql(""),
        *index_sql(), *check_sql(), *reference_sql(), *trigger_sql(),
        *ids_sql("SELECT array_agg(id) FROM public.{table} INTO ids; "),
        "INSERT INTO schema_migrations VALUES " + ", ".join(f"('{version}')" for version in MIGRATIONS) + ";",
        "COMMIT;", ""])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--site", type=int, default=99)
    print(schema_sql(parser.parse_args().site))
