-- SPDX-FileCopyrightText: the pecanctl authors
-- SPDX-License-Identifier: BSD-3-Clause
--
-- The part of BETY that pecanctl itself uses: users, machines, modeltypes, models, dbfiles. Names, types, defaults,
-- constraints and sequences are BETY's, so that PEcAn's web page, monitor and R code find what they expect.
-- May be run again, and on a whole BETY: what exists is left as it is. Run it in one transaction, as a superuser or as
-- the role bety; what it creates belongs to bety, whose password is set elsewhere.

DO $do$
BEGIN
  BEGIN
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'bety') THEN
      CREATE ROLE bety LOGIN;
    END IF;
  EXCEPTION WHEN duplicate_object OR unique_violation THEN
    NULL;  -- another database of this server was set up at the same time
  END;
  IF NOT has_schema_privilege('bety', 'public', 'CREATE') THEN
    GRANT USAGE, CREATE ON SCHEMA public TO bety;
  END IF;
  -- Whoever owns what exists already goes on owning it.
  EXECUTE format('SET ROLE %I', coalesce(
    (SELECT tableowner FROM pg_catalog.pg_tables WHERE schemaname = 'public' AND tablename = 'machines'), 'bety'));
END
$do$;

-- Functions that columns, checks and triggers call. A whole BETY has its own; they stay.
DO $do$
BEGIN
  IF to_regprocedure('public.utc_now()') IS NULL THEN
    CREATE FUNCTION public.utc_now() RETURNS timestamp without time zone LANGUAGE plpgsql AS $fn$
    BEGIN
      RETURN now() AT TIME ZONE 'UTC';
    END
    $fn$;
  END IF;

  IF to_regprocedure('public.normalize_whitespace(text)') IS NULL THEN
    CREATE FUNCTION public.normalize_whitespace(string text) RETURNS text LANGUAGE plpgsql AS $fn$
    BEGIN
      RETURN btrim(regexp_replace(string, '\s+', ' ', 'g'));
    END
    $fn$;
  END IF;

  IF to_regprocedure('public.is_whitespace_normalized(text)') IS NULL THEN
    CREATE FUNCTION public.is_whitespace_normalized(string text) RETURNS boolean LANGUAGE plpgsql AS $fn$
    BEGIN
      RETURN public.normalize_whitespace(string) = string;
    END
    $fn$;
  END IF;

  IF to_regprocedure('public.is_whitespace_free(text)') IS NULL THEN
    CREATE FUNCTION public.is_whitespace_free(string text) RETURNS boolean LANGUAGE plpgsql AS $fn$
    BEGIN
      RETURN NOT string ~ '[\s\u00a0]';
    END
    $fn$;
  END IF;

  -- RFC 3986 host: unreserved, escaped and sub-delimiter characters (which IPv4 addresses are made of, too).
  IF to_regprocedure('public.is_host_address(text)') IS NULL THEN
    CREATE FUNCTION public.is_host_address(string text) RETURNS boolean LANGUAGE plpgsql AS $fn$
    BEGIN
      RETURN string ~ '^([\w.~!$&''()*+,;=-]|%[[:xdigit:]]{2})+$';
    END
    $fn$;
  END IF;

  IF to_regprocedure('public.is_wellformed_email(text)') IS NULL THEN
    CREATE FUNCTION public.is_wellformed_email(string text) RETURNS boolean LANGUAGE plpgsql AS $fn$
    BEGIN
      RETURN string ~ '^([\w.~!$&''()*+,;=:@-]|%[[:xdigit:]]{2})+@([\w.~!$&''()*+,;=-]|%[[:xdigit:]]{2})+$';
    END
    $fn$;
  END IF;

  IF to_regprocedure('public.update_timestamp()') IS NULL THEN
    CREATE FUNCTION public.update_timestamp() RETURNS trigger LANGUAGE plpgsql AS $fn$
    BEGIN
      IF NEW.updated_at = OLD.updated_at THEN
        NEW.updated_at := public.utc_now();
      END IF;
      RETURN NEW;
    END
    $fn$;
  END IF;

  -- A dbfile belongs to a row of models, inputs or posteriors; the last two tables come with a whole BETY only.
  IF to_regprocedure('public.get_model_ids()') IS NULL THEN
    CREATE FUNCTION public.get_model_ids() RETURNS bigint[] LANGUAGE plpgsql AS $fn$
    BEGIN
      RETURN ARRAY(SELECT id FROM public.models);
    END
    $fn$;
  END IF;

  IF to_regprocedure('public.get_input_ids()') IS NULL THEN
    CREATE FUNCTION public.get_input_ids() RETURNS bigint[] LANGUAGE plpgsql AS $fn$
    BEGIN
      IF to_regclass('public.inputs') IS NULL THEN
        RETURN '{}';
      END IF;
      RETURN ARRAY(SELECT id FROM public.inputs);
    END
    $fn$;
  END IF;

  IF to_regprocedure('public.get_posterior_ids()') IS NULL THEN
    CREATE FUNCTION public.get_posterior_ids() RETURNS bigint[] LANGUAGE plpgsql AS $fn$
    BEGIN
      IF to_regclass('public.posteriors') IS NULL THEN
        RETURN '{}';
      END IF;
      RETURN ARRAY(SELECT id FROM public.posteriors);
    END
    $fn$;
  END IF;

  -- As in BETY, a delete that would leave a dbfile alone is skipped without an error.
  IF to_regprocedure('public.forbid_dangling_model_references()') IS NULL THEN
    CREATE FUNCTION public.forbid_dangling_model_references() RETURNS trigger LANGUAGE plpgsql AS $fn$
    BEGIN
      IF TG_OP = 'UPDATE' THEN
        UPDATE public.dbfiles SET container_id = NEW.id
          WHERE container_type = 'Model' AND container_id = OLD.id;
        RETURN NEW;
      END IF;
      IF EXISTS (SELECT FROM public.dbfiles WHERE container_type = 'Model' AND container_id = OLD.id) THEN
        RAISE NOTICE 'model % stays: a dbfile refers to it', OLD.id;
        RETURN NULL;
      END IF;
      RETURN OLD;
    END
    $fn$;
  END IF;

  IF to_regprocedure('public.check_for_references()') IS NULL THEN
    CREATE FUNCTION public.check_for_references() RETURNS trigger LANGUAGE plpgsql AS $fn$
    BEGIN
      IF EXISTS (SELECT FROM public.dbfiles WHERE container_type = TG_ARGV[0]) THEN
        RAISE EXCEPTION 'table % cannot be truncated: dbfiles refer to it', TG_TABLE_NAME;
      END IF;
      RETURN NULL;
    END
    $fn$;
  END IF;

  IF to_regtype('public.level_of_access') IS NULL THEN
    CREATE DOMAIN public.level_of_access AS integer NOT NULL
      CONSTRAINT level_of_access_check CHECK (VALUE BETWEEN 1 AND 4);
  END IF;
END
$do$;

-- The sequences are the site's identity: floor(nextval / 1e9) is its number.
CREATE SEQUENCE IF NOT EXISTS public.users_id_seq;
CREATE SEQUENCE IF NOT EXISTS public.machines_id_seq;
CREATE SEQUENCE IF NOT EXISTS public.modeltypes_id_seq;
CREATE SEQUENCE IF NOT EXISTS public.models_id_seq;
CREATE SEQUENCE IF NOT EXISTS public.dbfiles_id_seq;

CREATE TABLE IF NOT EXISTS public.schema_migrations (
  version varchar(255) NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS unique_schema_migrations ON public.schema_migrations (version);

CREATE TABLE IF NOT EXISTS public.users (
  id bigint DEFAULT nextval('public.users_id_seq') CONSTRAINT users_pkey PRIMARY KEY,
  login varchar(40) NOT NULL CONSTRAINT valid_user_login CHECK (login ~ '^[a-z\d_][a-z\d_.@-]{2,39}$'),
  name varchar(100) DEFAULT '' NOT NULL
    CONSTRAINT normalized_user_name CHECK (public.is_whitespace_normalized(name)),
  email varchar(100) NOT NULL CONSTRAINT well_formed_user_email CHECK (public.is_wellformed_email(email)),
  city varchar(255) DEFAULT '' NOT NULL
    CONSTRAINT normalized_user_city_name CHECK (public.is_whitespace_normalized(city)),
  country varchar(255) DEFAULT '' NOT NULL
    CONSTRAINT normalized_user_country_name CHECK (public.is_whitespace_normalized(country)),
  area varchar(255),
  crypted_password varchar(40) NOT NULL
    CONSTRAINT valid_user_crypted_password_value CHECK (crypted_password ~ '^[0-9a-f]{1,40}$'),
  salt varchar(40),
  created_at timestamp(6) DEFAULT public.utc_now(),
  updated_at timestamp(6) DEFAULT public.utc_now(),
  remember_token varchar(40),
  remember_token_expires_at timestamp(6),
  access_level public.level_of_access,
  page_access_level public.level_of_access,
  apikey varchar(255) CONSTRAINT valid_user_apikey_value CHECK (apikey ~ '^[0-9a-zA-Z+/]{40}$'),
  state_prov varchar(255) DEFAULT '' NOT NULL
    CONSTRAINT normalized_stat_prov_name CHECK (public.is_whitespace_normalized(state_prov)),
  postal_code varchar(255) DEFAULT '' NOT NULL
    CONSTRAINT normalized_postal_code CHECK (public.is_whitespace_normalized(postal_code))
);
CREATE UNIQUE INDEX IF NOT EXISTS index_users_on_login ON public.users (login);

CREATE TABLE IF NOT EXISTS public.machines (
  id bigint DEFAULT nextval('public.machines_id_seq') CONSTRAINT machines_pkey PRIMARY KEY,
  hostname varchar(255) NOT NULL CONSTRAINT unique_hostnames UNIQUE
    CONSTRAINT well_formed_machine_hostname CHECK (public.is_host_address(hostname)),
  created_at timestamp(6) DEFAULT public.utc_now(),
  updated_at timestamp(6) DEFAULT public.utc_now(),
  sync_host_id bigint CONSTRAINT unique_sync_host_id UNIQUE,
  sync_url varchar(255),
  sync_contact varchar(255),
  sync_start bigint,
  sync_end bigint
);
CREATE INDEX IF NOT EXISTS index_machines_on_hostname ON public.machines (hostname);

CREATE TABLE IF NOT EXISTS public.modeltypes (
  id bigint DEFAULT nextval('public.modeltypes_id_seq') CONSTRAINT modeltypes_pkey PRIMARY KEY,
  name varchar(255) NOT NULL CONSTRAINT no_spaces_in_modeltype_name CHECK (public.is_whitespace_free(name)),
  user_id bigint CONSTRAINT fk_modeltypes_users_1 REFERENCES public.users (id),
  created_at timestamp DEFAULT public.utc_now(),
  updated_at timestamp DEFAULT public.utc_now()
);
ALTER SEQUENCE public.modeltypes_id_seq OWNED BY public.modeltypes.id;
CREATE UNIQUE INDEX IF NOT EXISTS index_modeltypes_on_name ON public.modeltypes (name);

CREATE TABLE IF NOT EXISTS public.models (
  id bigint DEFAULT nextval('public.models_id_seq') CONSTRAINT models_pkey PRIMARY KEY,
  model_name varchar(255) NOT NULL
    CONSTRAINT no_spaces_in_model_name CHECK (public.is_whitespace_free(model_name)),
  revision varchar(255) NOT NULL
    CONSTRAINT normalized_revision_specifier CHECK (public.is_whitespace_normalized(revision)),
  parent_id bigint CONSTRAINT fk_models_models_1 REFERENCES public.models (id),
  created_at timestamp(6) DEFAULT public.utc_now(),
  updated_at timestamp(6) DEFAULT public.utc_now(),
  modeltype_id bigint NOT NULL CONSTRAINT fk_models_modeltypes_1 REFERENCES public.modeltypes (id)
);
CREATE INDEX IF NOT EXISTS index_models_on_parent_id ON public.models (parent_id);

CREATE TABLE IF NOT EXISTS public.dbfiles (
  id bigint DEFAULT nextval('public.dbfiles_id_seq') CONSTRAINT dbfiles_pkey PRIMARY KEY,
  file_name varchar(255) NOT NULL CONSTRAINT no_slash_in_file_name CHECK (file_name !~ '/'),
  file_path varchar(255) NOT NULL CONSTRAINT file_path_sanity_check CHECK (file_path ~ '^/'),
  md5 varchar(255) CONSTRAINT valid_dbfile_md5_hash_value CHECK (md5 ~ '^([\da-z]{32})?$'),
  created_user_id bigint CONSTRAINT fk_dbfiles_users_1 REFERENCES public.users (id),
  updated_user_id bigint CONSTRAINT fk_dbfiles_users_2 REFERENCES public.users (id),
  machine_id bigint NOT NULL CONSTRAINT fk_dbfiles_machines_1 REFERENCES public.machines (id),
  created_at timestamp(6) DEFAULT public.utc_now(),
  updated_at timestamp(6) DEFAULT public.utc_now(),
  container_type varchar(255)
    CONSTRAINT valid_dbfile_container_type CHECK (container_type IN ('Model', 'Posterior', 'Input')),
  container_id bigint,
  CONSTRAINT unique_filename_and_path_per_machine UNIQUE (file_name, file_path, machine_id),
  CONSTRAINT valid_model_refs CHECK (container_type <> 'Model' OR container_id = ANY (public.get_model_ids())),
  CONSTRAINT valid_input_refs CHECK (container_type <> 'Input' OR container_id = ANY (public.get_input_ids())),
  CONSTRAINT valid_posterior_refs
    CHECK (container_type <> 'Posterior' OR container_id = ANY (public.get_posterior_ids()))
);
CREATE INDEX IF NOT EXISTS index_dbfiles_on_container_id_and_container_type ON public.dbfiles (container_type);
CREATE INDEX IF NOT EXISTS index_dbfiles_on_created_user_id ON public.dbfiles (created_user_id);
CREATE INDEX IF NOT EXISTS index_dbfiles_on_machine_id ON public.dbfiles (machine_id);
CREATE INDEX IF NOT EXISTS index_dbfiles_on_updated_user_id ON public.dbfiles (updated_user_id);

-- CREATE OR REPLACE TRIGGER is younger than the servers that sites run.
DO $do$
DECLARE
  name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['users', 'machines', 'modeltypes', 'models', 'dbfiles'] LOOP
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_trigger WHERE tgname = format('update_%s_timestamp', name)
                   AND tgrelid = format('public.%I', name)::regclass) THEN
      EXECUTE format('CREATE TRIGGER update_%s_timestamp BEFORE UPDATE ON public.%I FOR EACH ROW '
                     'EXECUTE PROCEDURE public.update_timestamp()', name, name);
    END IF;
  END LOOP;
  IF NOT EXISTS (SELECT FROM pg_catalog.pg_trigger WHERE tgname = 'forbid_dangling_model_references'
                 AND tgrelid = 'public.models'::regclass) THEN
    CREATE TRIGGER forbid_dangling_model_references BEFORE DELETE OR UPDATE OF id ON public.models
      FOR EACH ROW EXECUTE PROCEDURE public.forbid_dangling_model_references();
  END IF;
  IF NOT EXISTS (SELECT FROM pg_catalog.pg_trigger WHERE tgname = 'forbid_truncating_model_referents'
                 AND tgrelid = 'public.models'::regclass) THEN
    CREATE TRIGGER forbid_truncating_model_referents AFTER TRUNCATE ON public.models
      FOR EACH STATEMENT EXECUTE PROCEDURE public.check_for_references('Model');
  END IF;
END
$do$;

RESET ROLE;
