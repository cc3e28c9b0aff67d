-- SPDX-FileCopyrightText: the pecanctl authors
-- SPDX-License-Identifier: BSD-3-Clause
--
-- A small database in BETY's shape: what makes BETY hard to exchange is here once. A self reference (entities), a join
-- table without a primary key whose id is not the first column (citations_sites), a check that asks for all ids of
-- another table (dbfiles), a domain (users), natural keys, triggers that change or refuse rows (traits).
CREATE DOMAIN level_of_access AS integer CHECK (VALUE >= 1 AND VALUE <= 4);
CREATE TABLE schema_migrations (version varchar(255) NOT NULL UNIQUE);
INSERT INTO schema_migrations VALUES ('1'), ('20130104205059'), ('20200329233137');

CREATE TABLE users (
  id bigserial PRIMARY KEY, login varchar(40) NOT NULL UNIQUE, name varchar(100) DEFAULT '' NOT NULL,
  email varchar(100) NOT NULL, city varchar(255) DEFAULT '' NOT NULL, country varchar(255) DEFAULT '' NOT NULL,
  area varchar(255), crypted_password varchar(40) NOT NULL, salt varchar(40),
  created_at timestamp(6) DEFAULT now(), updated_at timestamp(6) DEFAULT now(), remember_token varchar(40),
  remember_token_expires_at timestamp(6), access_level level_of_access, page_access_level level_of_access,
  apikey varchar(255) CHECK (apikey ~ '^[0-9a-zA-Z+/]{40}$'), state_prov varchar(255) DEFAULT '' NOT NULL,
  postal_code varchar(255) DEFAULT '' NOT NULL);
CREATE TABLE machines (
  id bigserial PRIMARY KEY, hostname varchar(255) NOT NULL UNIQUE, created_at timestamp(6) DEFAULT now(),
  updated_at timestamp(6) DEFAULT now(), sync_host_id bigint UNIQUE, sync_url varchar(255), sync_contact varchar(255),
  sync_start bigint, sync_end bigint);
CREATE TABLE modeltypes (id bigserial PRIMARY KEY, name varchar(255) NOT NULL UNIQUE);
CREATE TABLE variables (id bigserial PRIMARY KEY, name varchar(255), min varchar(255), max varchar(255));
CREATE TABLE citations (id bigserial PRIMARY KEY, title text, doi varchar(255));
CREATE TABLE sites (
  id bigserial PRIMARY KEY, sitename varchar(255), notes text, lat double precision, area numeric(8,2), data jsonb,
  is_open boolean, updated_at timestamp(6));
CREATE TABLE citations_sites (
  citation_id bigint NOT NULL REFERENCES citations, site_id bigint NOT NULL REFERENCES sites ON DELETE CASCADE,
  id bigserial NOT NULL, UNIQUE (citation_id, site_id));
CREATE TABLE entities (id bigserial PRIMARY KEY, parent_id bigint REFERENCES entities, name varchar(255));
CREATE TABLE inputs (id bigserial PRIMARY KEY, site_id bigint REFERENCES sites, name varchar(255));
CREATE TABLE models (id bigserial PRIMARY KEY, model_name varchar(255), modeltype_id bigint REFERENCES modeltypes);
CREATE FUNCTION get_input_ids() RETURNS bigint[] LANGUAGE plpgsql AS $$
  BEGIN RETURN (SELECT array_agg(id) FROM inputs); END $$;
CREATE FUNCTION get_model_ids() RETURNS bigint[] LANGUAGE plpgsql AS $$
  BEGIN RETURN (SELECT array_agg(id) FROM models); END $$;
CREATE TABLE dbfiles (
  id bigserial PRIMARY KEY, file_name varchar(255) NOT NULL, file_path varchar(255) NOT NULL CHECK (file_path ~ '^/'),
  machine_id bigint NOT NULL REFERENCES machines, container_type varchar(255), container_id bigint,
  UNIQUE (file_name, file_path, machine_id),
  CONSTRAINT valid_input_refs CHECK (container_type <> 'Input' OR container_id = ANY (get_input_ids())),
  CONSTRAINT valid_model_refs CHECK (container_type <> 'Model' OR container_id = ANY (get_model_ids())));
CREATE TABLE traits (
  id bigserial PRIMARY KEY, site_id bigint REFERENCES sites ON DELETE CASCADE, variable_id bigint REFERENCES variables,
  entity_id bigint REFERENCES entities, mean numeric(16,4), statname varchar(255), checked integer DEFAULT 0,
  access_level level_of_access, updated_at timestamp(6) DEFAULT now());
CREATE TABLE covariates (
  id bigserial PRIMARY KEY, trait_id bigint REFERENCES traits ON DELETE CASCADE, variable_id bigint REFERENCES variables,
  level double precision, n integer CHECK (n >= 1));
CREATE TABLE sessions (id bigserial PRIMARY KEY, data text);
CREATE INDEX index_traits_on_site_id ON traits (site_id);
CREATE INDEX index_sites_on_sitename ON sites (sitename);

-- Any trigger that fires during a sync would show.
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.updated_at := '1999-01-01'; RETURN NEW; END $$;
CREATE TRIGGER touch_traits BEFORE INSERT OR UPDATE ON traits FOR EACH ROW EXECUTE FUNCTION touch();
CREATE FUNCTION forbid() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
CREATE TRIGGER forbid_delete BEFORE DELETE ON inputs FOR EACH ROW EXECUTE FUNCTION forbid();
