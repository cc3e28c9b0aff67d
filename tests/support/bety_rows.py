# SPDX-FileCopyrightText: the pecanctl authors
# SPDX-License-Identifier: BSD-3-Clause
"""Prints SQL that fills a database of BETY's shape with rows of one site, always the same ones.

    python3 tests/support/bety_rows.py --site 1 --scale 0.001 | psql -d DATABASE

Scale 1 is 2.1 million rows, a million of them traits. Rows refer to rows of the same site. Part of the traits and
yields may not be published (6 of 100), covariates of theirs included, and some texts have every edge of the dialect.
Triggers and references are off meanwhile: a superuser is needed.
"""

import argparse

# Texts that a reader of tab-separated CSV gets wrong first: {g} is the row's number.
EDGES = r"""(ARRAY['', 'plain', 'tab' || E'\t' || 'inside', 'say "so"', E'two\nlines', E'carriage\rreturn', 'a\b', '\N', '\.',
  E'all\t"of"\\it\n', 'Fagus sylvatica × Ögg 樹', '"', E'\t', ' blank ', 'comma, semicolon;', E'"\\'])[1 + g % 16]"""

# table: (rows at scale 1, columns, values). {b} is the base of the site's ids, {s} the site, {n:table} the rows of
# another table at this scale; g counts from 1. Ids are {b} + g.
ROWS = {
    "users": (200, "login, name, email, city, crypted_password, salt, access_level, page_access_level, apikey",
              "'person{s}_' || g, 'Person ' || g, 'p' || g || '@site{s}.org', 'Town', md5(g::text), 'pepper', 1 + g % 4, "
              "1 + g % 4, repeat('k', 40)"),
    "machines": (10, "hostname", "'host' || g || '.site{s}.org'"),
    "mimetypes": (3, "type_string", "'text/x-site{s}-' || g"),
    "formats": (50, "name, notes, mimetype_id", "'format ' || g, {e}, {b} + 1 + g % {n:mimetypes}"),
    "modeltypes": (10, "name, user_id", "'MODEL{s}_' || g, {b} + 1"),
    "models": (50, "model_name, revision, modeltype_id, parent_id",
               "'model' || g, g::text, {b} + 1 + g % {n:modeltypes}, CASE WHEN g > 1 THEN {b} + g / 2 + 1 END"),
    "variables": (100, "name, units, notes, max, min", "'variable ' || g, 'kg m-2', {e}, '1000000', '-1000000'"),
    "citations": (2000, "author, year, title, user_id", "'Author ' || g, 1950 + g % 70, 'Title ' || g, {b} + 1"),
    "species": (5000, "scientificname, genus, species, commonname", "'Genus' || g || ' species', 'Genus', 'sp', 'tree'"),
    "cultivars": (500, "specie_id, name", "{b} + 1 + g % {n:species}, 'cultivar ' || g"),
    "treatments": (1000, "name, definition, control, user_id", "'treatment ' || g, 'd', g % 2 = 0, {b} + 1"),
    "methods": (50, "name, description, citation_id", "'method ' || g, {e}, {b} + 1 + g % {n:citations}"),
    "entities": (20_000, "parent_id, name, notes", "CASE WHEN g > 1 THEN {b} + g / 2 + 1 END, 'entity ' || g, ''"),
    "pfts": (100, "definition, name, modeltype_id", "{e}, 'pft ' || g, {b} + 1 + g % {n:modeltypes}"),
    "pfts_species": (2000, "pft_id, specie_id", "{b} + 1 + g % {n:pfts}, {b} + 1 + g % {n:species}"),
    "priors": (200, "variable_id, phylogeny, distn, parama, paramb", "{b} + 1 + g % {n:variables}, 'plants', 'norm', g / 7.0, 1"),
    "pfts_priors": (200, "pft_id, prior_id", "{b} + 1 + g % {n:pfts}, {b} + 1 + g % {n:priors}"),
    "posteriors": (100, "pft_id", "{b} + 1 + g % {n:pfts}"),
    "projects": (20, "name, outdir, machine_id, description", "'project ' || g, '/out', {b} + 1, 'd'"),
    "sitegroups": (100, "name, public_access, user_id", "'group ' || g, true, {b} + 1"),
    "sites": (200_000, "sitename, city, state, country, mat, map, som, notes, soilnotes, greenhouse, user_id, sand_pct, "
              "clay_pct, geometry, time_zone",
              "'Site ' || g, 'City ' || g % 977, 'State', 'Country', 9.5, 800 + g % 500, 2.5, {e}, 'loam', g % 2 = 0, "
              "{b} + 1 + g % {n:users}, 40.5, 20.25, st_setsrid(st_makepoint(g % 360 - 180 + 0.125, g % 170 - 85 + g / 1e6, "
              "g % 4000), 4326), 'America/New_York'"),
    "sitegroups_sites": (100_000, "sitegroup_id, site_id", "{b} + 1 + g % {n:sitegroups}, {b} + 1 + g % {n:sites}"),
    "citations_sites": (20_000, "citation_id, site_id", "{b} + 1 + g % {n:citations}, {b} + 1 + g % {n:sites}"),
    "inputs": (200_000, "site_id, notes, start_date, end_date, name, user_id, access_level, raw, format_id",
               "{b} + 1 + g % {n:sites}, {e}, '2001-01-01'::timestamp + g * interval '1 minute', '2010-12-31 23:59:59.5', "
               "'input ' || g, {b} + 1, 1 + g % 4, NULL, {b} + 1 + g % {n:formats}"),
    "workflows": (1000, "folder, model_id, hostname, site_id, params",
                  "'/data/w' || g, {b} + 1 + g % {n:models}, 'pecan', {b} + 1 + g % {n:sites}, 'a b'"),
    "ensembles": (1000, "runtype, workflow_id", "'ensemble', {b} + g"),
    "runs": (100_000, "model_id, site_id, start_time, finish_time, outdir, parameter_list, ensemble_id",
             "{b} + 1 + g % {n:models}, {b} + 1 + g % {n:sites}, '2001-01-01', '2002-01-01', '/data/out/' || g, "
             "'ensemble=' || g, {b} + 1 + g % {n:ensembles}"),
    "inputs_runs": (200_000, "input_id, run_id", "{b} + g, {b} + 1 + g % {n:runs}"),
    "likelihoods": (20_000, "run_id, variable_id, input_id, loglikelihood, n_eff",
                    "{b} + 1 + g % {n:runs}, {b} + 1 + g % {n:variables}, {b} + 1 + g % {n:inputs}, -g / 3.0, 1e-7 * g"),
    "dbfiles": (2000, "file_name, file_path, md5, machine_id, container_type, container_id",
                "'file' || g, '/data/dbfiles', md5(g::text), {b} + 1 + g % {n:machines}, 'Input', {b} + 1 + g % {n:inputs}"),
    "traits": (1_000_000, "site_id, specie_id, citation_id, treatment_id, date, dateloc, time, mean, n, statname, stat, "
               "notes, variable_id, user_id, checked, access_level, entity_id, method_id, date_year",
               "{b} + 1 + g % {n:sites}, {b} + 1 + g % {n:species}, {b} + 1 + g % {n:citations}, "
               "{b} + 1 + g % {n:treatments}, '2001-02-03 04:05:06.7'::timestamp + g % 9999 * interval '1 hour', 5.5, "
               "'12:34:56', sqrt(g % 99991 * 7919.0)::float8, 1 + g % 30, 'SE', sin(g)::float8, CASE WHEN g % 64 = 0 THEN {e} ELSE '' END, "
               "{b} + 1 + g % {n:variables}, {b} + 1 + g % {n:users}, CASE WHEN g % 25 = 1 THEN -1 ELSE g % 2 END, "
               "CASE WHEN g % 50 = 0 THEN 1 + g / 50 % 2 ELSE 3 + g % 2 END, {b} + 1 + g % {n:entities}, "
               "{b} + 1 + g % {n:methods}, 2001"),
    "covariates": (200_000, "trait_id, variable_id, level, n, stat",
                   "{b} + 1 + g * 5 % {n:traits}, {b} + 1 + g % {n:variables}, cos(g), 1, NULL"),
    "yields": (50_000, "citation_id, site_id, specie_id, treatment_id, date, mean, n, notes, user_id, checked, access_level",
               "{b} + 1 + g % {n:citations}, {b} + 1 + g % {n:sites}, {b} + 1 + g % {n:species}, "
               "{b} + 1 + g % {n:treatments}, '2003-04-05', g / 13.0, 3, {e}, {b} + 1, g % 3 - 1, 1 + g % 4"),
    "attributes": (100, "container_type, container_id, value", """'sites', {b} + g, '{{"a": "x\\ty", "b": [1, null]}}'"""),
}


def count_of(table, scale):
    return max(3, int(ROWS[table][0] * scale))


def values_of(table, site, scale):
    text = ROWS[table][2].replace("{e}", EDGES).replace("{b}", str(site * 1_000_000_000)).replace("{s}", str(site))
    for other in ROWS:
        text = text.replace("{n:" + other + "}", str(count_of(other, scale)))
    return text.replace("{{", "{").replace("}}", "}")


def rows_sql(site=1, scale=1.0):
    """Statements for one transaction."""
    base = site * 1_000_000_000
    lines = ["SET LOCAL session_replication_role = replica;", "SET LOCAL search_path = public;"]
    for table, (_, columns, _) in ROWS.items():
        has_dates = table not in ("mimetypes",)
        dates = ", created_at, updated_at" if has_dates else ""
        stamp = ", '2015-06-07'::timestamp + g % 99999 * interval '1.234567 seconds', '2016-06-07 08:09:10'" if has_dates else ""
        lines.append(f"INSERT INTO {table} (id, {columns}{dates}) SELECT {base} + g, {values_of(table, site, scale)}"
                     f"{stamp} FROM generate_series(1, {count_of(table, scale)}) AS g ORDER BY g;")
        lines.append(f"SELECT setval('{table}_id_seq', {base} + {count_of(table, scale)}) \\g /dev/null")
    return "\n".join(lines + ["SET LOCAL session_replication_role = origin;", ""])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--site", type=int, default=1)
    parser.add_argument("--scale", type=float, default=1.0)
    arguments = parser.parse_args()
    print("BEGIN;\n" + rows_sql(arguments.site, arguments.scale) + "COMMIT;")
