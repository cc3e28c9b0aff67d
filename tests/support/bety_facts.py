# SPDX-FileCopyrightText: the pecanctl authors
# SPDX-License-Identifier: BSD-3-Clause
"""What BETY's tables are: names, types, defaults, keys and indexes, as facts. bety_schema.py makes SQL of them.

A table without "(no key)" has a primary key on id. Columns are `name:type`, in their order; `!` is NOT NULL, `=x` a
default. Types: B bigint, I integer, F double precision, L boolean, N numeric(4,2), N9 numeric(9,5), S varchar(255), Sn
varchar(n), V varchar, T text, D timestamp(6), Du timestamp, G geometry with Z, access and stat the two domains, others
as they are called. `dates` is created_at:D=now updated_at:D=now, `udates` the same of Du, `!` for both.
"""

TABLES = """
attributes
  id container_type:V! container_id:B! value:jsonb!={} dates!
benchmark_sets
  id name:S! description:T user_id:B udates!
benchmark_sets_benchmark_reference_runs
  id benchmark_set_id:B reference_run_id:B
benchmarks
  id input_id:B! description:T site_id:B! variable_id:B! user_id:B udates!
benchmarks_benchmarks_reference_runs
  id benchmark_id:B reference_run_id:B
benchmarks_ensembles
  id reference_run_id:B! ensemble_id:B! model_id:B! citation_id:B! user_id:B udates!
benchmarks_ensembles_scores
  id benchmarks_ensemble_id:B! benchmark_id:B! metric_id:B! user_id:B udates! score:T!
benchmarks_metrics
  id benchmark_id:B metric_id:B
citations
  id author:S! year:I! title:S! journal:S!='' vol:I pg:S!='' url:S512!='' pdf:S!='' dates doi:S!='' user_id:B
citations_sites (no key)
  citation_id:B! site_id:B! dates id
citations_treatments (no key)
  citation_id:B! treatment_id:B! dates id
covariates
  id trait_id:B variable_id:B level:F dates n:I statname:stat='' stat:F
cultivars
  id specie_id:B! name:S! ecotype:S!='' notes:T!='' dates previous_id:S
cultivars_pfts (no key)
  pft_id:B! cultivar_id:B! udates id
current_posteriors
  id pft_id:B variable_id:B posteriors_samples_id:B project_id:B udates
dbfiles
  id file_name:S! file_path:S! md5:S created_user_id:B updated_user_id:B machine_id:B! dates container_type:S
  container_id:B
ensembles
  id notes:T!='' dates runtype:S! workflow_id:B
entities
  id parent_id:B name:S!='' notes:T!='' dates
experiments
  id name:S! start_date:date end_date:date description:T!='' design:T!='' user_id:B! udates!
experiments_sites
  id experiment_id:B! site_id:B! udates!
experiments_treatments
  id experiment_id:B! treatment_id:B! udates!
formats
  id notes:T!='' dates name:S! header:S!='' skip:S!='' mimetype_id:B
formats_variables
  id format_id:B! variable_id:B! name:S!='' unit:S!='' storage_type:S!='' column_number:I dates
inputs
  id site_id:B notes:T!='' dates start_date:D end_date:D name:S! parent_id:B user_id:B access_level:access=4 raw:L
  format_id:B
inputs_runs (no key)
  input_id:B! run_id:B! dates id
likelihoods
  id run_id:B! variable_id:B! input_id:B! loglikelihood:F n_eff:F weight:F residual:F dates
machines
  id hostname:S! dates sync_host_id:B sync_url:S sync_contact:S sync_start:B sync_end:B
managements
  id citation_id:B date:date dateloc:N mgmttype:S! level:F units:S notes:T!='' dates user_id:B
managements_treatments (no key)
  treatment_id:B! management_id:B! dates id
methods
  id name:S! description:T! citation_id:B dates
metrics
  id name:S description:T citation_id:B user_id:B udates!
mimetypes
  id type_string:S!
models
  id model_name:S! revision:S! parent_id:B dates modeltype_id:B!
modeltypes
  id name:S! user_id:B udates
modeltypes_formats
  id modeltype_id:B! tag:S! format_id:B! required:L!=false input:L!=true user_id:B udates
pfts
  id definition:T! dates name:S! parent_id:B pft_type:S!=plant modeltype_id:B!
pfts_priors (no key)
  pft_id:B! prior_id:B! dates id
pfts_species (no key)
  pft_id:B! specie_id:B! dates id
posterior_samples
  id posterior_id:B variable_id:B pft_id:B parent_id:B udates
posteriors
  id pft_id:B! dates
posteriors_ensembles (no key)
  posterior_id:B ensemble_id:B udates id
priors
  id citation_id:B variable_id:B! phylogeny:S! distn:S! parama:F! paramb:F paramc:F n:I notes:T dates
projects
  id name:S! outdir:S! machine_id:B description:S! udates
reference_runs
  id model_id:B settings:T user_id:B udates!
runs
  id model_id:B! site_id:B! start_time:D! finish_time:D! outdir:S!='' outprefix:S!='' setting:S!=''
  parameter_list:T! dates started_at:D finished_at:D ensemble_id:B!
sessions
  id session_id:S! data:T dates
sitegroups
  id name:S! public_access:L!=false user_id:B! udates!
sitegroups_sites
  id sitegroup_id:B! site_id:B! udates!
sites
  id city:S!='' state:S!='' country:S!='' mat:N map:I soil:S!='' som:N notes:T!='' soilnotes:T!='' dates
  sitename:S! greenhouse:L user_id:B sand_pct:N9 clay_pct:N9 geometry:G time_zone:T
sites_cultivars (no key)
  id site_id:B! cultivar_id:B! dates
species
  id spcd:I genus:S!='' species:S!='' scientificname:S! commonname:S!='' notes:S!='' dates AcceptedSymbol:S
  SynonymSymbol:S Symbol:S PLANTS_Floristic_Area:T State:T Category:S Family:S FamilySymbol:S FamilyCommonName:S
  xOrder:S SubClass:S Class:S SubDivision:S Division:S SuperDivision:S SubKingdom:S Kingdom:S ITIS_TSN:I
  Duration:S GrowthHabit:S NativeStatus:S NationalWetlandIndicatorStatus:S RegionalWetlandIndicatorStatus:S
  ActiveGrowthPeriod:S AfterHarvestRegrowthRate:S Bloat:S C2N_Ratio:S CoppicePotential:S FallConspicuous:S
  FireResistance:S FoliageTexture:S GrowthForm:S GrowthRate:S MaxHeight20Yrs:I MatureHeight:I KnownAllelopath:S
  LeafRetention:S Lifespan:S LowGrowingGrass:S NitrogenFixation:S ResproutAbility:S AdaptedCoarseSoils:S
  AdaptedMediumSoils:S AdaptedFineSoils:S AnaerobicTolerance:S CaCO3Tolerance:S ColdStratification:S
  DroughtTolerance:S FertilityRequirement:S FireTolerance:S MinFrostFreeDays:I HedgeTolerance:S MoistureUse:S
  pH_Minimum:numeric(5,2) pH_Maximum:numeric(5,2) Min_PlantingDensity:I Max_PlantingDensity:I
  Precipitation_Minimum:I Precipitation_Maximum:I RootDepthMinimum:I SalinityTolerance:S ShadeTolerance:S
  TemperatureMinimum:I BloomPeriod:S CommercialAvailability:S FruitSeedPeriodBegin:S FruitSeedPeriodEnd:S
  Propogated_by_BareRoot:S Propogated_by_Bulbs:S Propogated_by_Container:S Propogated_by_Corms:S
  Propogated_by_Cuttings:S Propogated_by_Seed:S Propogated_by_Sod:S Propogated_by_Sprigs:S Propogated_by_Tubers:S
  Seeds_per_Pound:I SeedSpreadRate:S SeedlingVigor:S
trait_covariate_associations (no key)
  trait_variable_id:B! covariate_variable_id:B! required:L! id
traits
  id site_id:B specie_id:B citation_id:B cultivar_id:B treatment_id:B date:D dateloc:N time:time timeloc:N mean:F
  n:I statname:stat='' stat:F notes:T!='' dates variable_id:B user_id:B checked:I=0 access_level:I entity_id:B
  method_id:B date_year:I date_month:I date_day:I time_hour:I time_minute:I
treatments
  id name:S! definition:S!='' dates control:L user_id:B
users
  id login:S40! name:S100!='' email:S100! city:S!='' country:S!='' area:S crypted_password:S40! salt:S40 dates
  remember_token:S40 remember_token_expires_at:D access_level:access page_access_level:access apikey:S
  state_prov:S!='' postal_code:S!=''
variables
  id description:S!='' units:S!='' notes:T!='' dates name:S! max:S!=Infinity min:S!=-Infinity standard_name:S
  standard_units:S label:S type:S
workflows
  id folder:S! started_at:D finished_at:D dates site_id:B model_id:B! hostname:S! params:T!=''
  advanced_edit:L!=false start_date:D end_date:D notes:T user_id:B
yields
  id citation_id:B site_id:B specie_id:B treatment_id:B cultivar_id:B date:date dateloc:N statname:stat='' stat:F
  mean:F! n:I notes:T!='' dates user_id:B checked:I!=0 access_level:access method_id:B entity_id:B date_year:I
  date_month:I date_day:I
"""

# References to the id of another table, as `name:column>table/flags`: u ON UPDATE CASCADE, d ON DELETE CASCADE,
# r ON DELETE RESTRICT, ~ NOT VALID.
REFERENCES = """
benchmark_sets
  user_exists:user_id>users/u~
benchmark_sets_benchmark_reference_runs
  benchmark_sets_benchmark_reference_runs_benchmark_set_id_fkey:benchmark_set_id>benchmark_sets/ur
  benchmark_sets_benchmark_reference_runs_reference_run_id_fkey:reference_run_id>reference_runs/ur
benchmarks
  benchmarks_input_id_fkey:input_id>inputs/ur benchmarks_site_id_fkey:site_id>sites/ur
  benchmarks_variable_id_fkey:variable_id>variables/ur user_exists:user_id>users/u~
benchmarks_benchmarks_reference_runs
  benchmarks_benchmarks_reference_runs_benchmark_id_fkey:benchmark_id>benchmarks/ur
  benchmarks_benchmarks_reference_runs_reference_run_id_fkey:reference_run_id>reference_runs/ur
benchmarks_ensembles
  benchmarks_ensembles_ensemble_id_fkey:ensemble_id>ensembles/ur
  benchmarks_ensembles_model_id_fkey:model_id>models/ur
  benchmarks_ensembles_reference_run_id_fkey:reference_run_id>reference_runs/ur
  citation_exists:citation_id>citations/u~ user_exists:user_id>users/u~
benchmarks_ensembles_scores
  benchmarks_ensembles_scores_benchmark_id_fkey:benchmark_id>benchmarks/ur
  benchmarks_ensembles_scores_benchmarks_ensemble_id_fkey:benchmarks_ensemble_id>benchmarks_ensembles/ur
  benchmarks_ensembles_scores_metric_id_fkey:metric_id>metrics/ur user_exists:user_id>users/u~
benchmarks_metrics
  benchmarks_metrics_benchmark_id_fkey:benchmark_id>benchmarks/ur
  benchmarks_metrics_metric_id_fkey:metric_id>metrics/ur
citations
  fk_citations_users_1:user_id>users
citations_sites
  fk_citations_sites_citations_1:citation_id>citations/d fk_citations_sites_sites_1:site_id>sites/ur~
citations_treatments
  fk_citations_treatments_citations_1:citation_id>citations/d
  fk_citations_treatments_treatments_1:treatment_id>treatments/ud
covariates
  fk_covariates_variables_1:variable_id>variables trait_exists:trait_id>traits/ud~
cultivars
  fk_cultivars_species_1:specie_id>species
cultivars_pfts
  cultivar_exists:cultivar_id>cultivars/u pft_exists:pft_id>pfts/ud
current_posteriors
  fk_current_posteriors_pfts_1:pft_id>pfts/u
  fk_current_posteriors_posterior_samples_1:posteriors_samples_id>posterior_samples
  fk_current_posteriors_projects_1:project_id>projects fk_current_posteriors_variables_1:variable_id>variables
dbfiles
  fk_dbfiles_machines_1:machine_id>machines fk_dbfiles_users_1:created_user_id>users
  fk_dbfiles_users_2:updated_user_id>users
ensembles
  fk_ensembles_workflows_1:workflow_id>workflows/u
entities
  fk_entities_entities_1:parent_id>entities
experiments
  fk_experiments_treatments:user_id>users
experiments_sites
  fk_experiments_sites_experiments:experiment_id>experiments/ud fk_experiments_sites_sites:site_id>sites/ud
experiments_treatments
  fk_experiments_treatments_experiments:experiment_id>experiments/ud
  fk_experiments_treatments_treatments:treatment_id>treatments/ud
formats
  fk_formats_mimetypes:mimetype_id>mimetypes/u~ mimetype_exists:mimetype_id>mimetypes/u~
formats_variables
  fk_formats_variables_formats_1:format_id>formats/d fk_formats_variables_variables_1:variable_id>variables/d
inputs
  fk_inputs_formats_1:format_id>formats fk_inputs_inputs_1:parent_id>inputs/u~ fk_inputs_sites_1:site_id>sites/u~
  fk_inputs_users_1:user_id>users
inputs_runs
  fk_inputs_runs_inputs_1:input_id>inputs/ud fk_inputs_runs_runs_1:run_id>runs/ud
likelihoods
  fk_likelihoods_inputs_1:input_id>inputs/u fk_likelihoods_runs_1:run_id>runs/u
  fk_likelihoods_variables_1:variable_id>variables
managements
  fk_managements_citations_1:citation_id>citations fk_managements_users_1:user_id>users
managements_treatments
  fk_managements_treatments_managements_1:management_id>managements/d
  fk_managements_treatments_treatments_1:treatment_id>treatments/ud
methods
  fk_methods_citations_1:citation_id>citations
metrics
  citation_exists:citation_id>citations/u~ user_exists:user_id>users/u~
models
  fk_models_models_1:parent_id>models fk_models_modeltypes_1:modeltype_id>modeltypes
modeltypes
  fk_modeltypes_users_1:user_id>users
modeltypes_formats
  fk_modeltypes_formats_formats_1:format_id>formats/d fk_modeltypes_formats_modeltypes_1:modeltype_id>modeltypes/d
  fk_modeltypes_formats_users_1:user_id>users
pfts
  fk_pfts_modeltypes_1:modeltype_id>modeltypes fk_pfts_pfts_1:parent_id>pfts/u
pfts_priors
  fk_pfts_priors_pfts_1:pft_id>pfts/ud~ pft_exists:pft_id>pfts/ud~ prior_exists:prior_id>priors/ud~
pfts_species
  pft_exists:pft_id>pfts/ud~ species_exists:specie_id>species/u~
posterior_samples
  fk_posterior_samples_pfts_1:pft_id>pfts/u fk_posterior_samples_posterior_samples_1:parent_id>posterior_samples
  fk_posterior_samples_posteriors_1:posterior_id>posteriors/u
  fk_posterior_samples_variables_1:variable_id>variables
posteriors
  fk_posteriors_pfts_1:pft_id>pfts/u
posteriors_ensembles
  fk_posteriors_ensembles_ensembles_1:ensemble_id>ensembles/ud
  fk_posteriors_ensembles_posteriors_1:posterior_id>posteriors/ud
priors
  fk_priors_citations_1:citation_id>citations fk_priors_variables_1:variable_id>variables
projects
  fk_projects_machines_1:machine_id>machines
reference_runs
  reference_runs_model_id_fkey:model_id>models/ur user_exists:user_id>users/u~
runs
  fk_runs_ensembles_1:ensemble_id>ensembles/u fk_runs_models_1:model_id>models fk_runs_sites_1:site_id>sites/u~
sitegroups
  fk_sitegroups_users:user_id>users/ur
sitegroups_sites
  fk_sitegroups_sites_sitegroups:sitegroup_id>sitegroups/ud fk_sitegroups_sites_sites:site_id>sites/ud
sites
  fk_sites_users_1:user_id>users
sites_cultivars
  cultivar_exists:cultivar_id>cultivars/u site_exists:site_id>sites/u
trait_covariate_associations
  fk_trait_covariate_associations_variables_1:covariate_variable_id>variables
  fk_trait_covariate_associations_variables_2:trait_variable_id>variables
traits
  citation_exists:citation_id>citations/u~ cultivar_exists:cultivar_id>cultivars/u~
  entity_exists:entity_id>entities/u~ fk_traits_sites_1:site_id>sites/u~
  fk_traits_treatments_1:treatment_id>treatments/u~ method_exists:method_id>methods/u~
  site_exists:site_id>sites/u~ species_exists:specie_id>species/u~ treatment_exists:treatment_id>treatments/u~
  user_exists:user_id>users/u~ variable_exists:variable_id>variables/u~
treatments
  user_exists:user_id>users/u~
workflows
  fk_workflows_models_1:model_id>models fk_workflows_sites_1:site_id>sites/u~ fk_workflows_users_1:user_id>users
yields
  entity_exists:entity_id>entities/u~ fk_yields_citations_1:citation_id>citations
  fk_yields_cultivars_1:cultivar_id>cultivars fk_yields_methods_1:method_id>methods
  fk_yields_sites_1:site_id>sites/u~ fk_yields_species_1:specie_id>species
  fk_yields_treatments_1:treatment_id>treatments/u fk_yields_users_1:user_id>users site_exists:site_id>sites/u~
"""

# Indexes, as `name(columns)method`; without a name it is index_<table>_on_<columns>. ! is unique, = a UNIQUE constraint.
INDEXES = """
attributes (container_id) (value)gin =container_type_id(container_type,container_id)
citations (user_id)
citations_sites !(citation_id,site_id)
citations_treatments !(citation_id,treatment_id)
covariates (trait_id,variable_id)
cultivars (specie_id) =unique_name_per_species(name,specie_id)
cultivars_pfts !cultivar_pft_uniqueness(pft_id,cultivar_id)
dbfiles (created_user_id) (machine_id) (updated_user_id)
  =unique_filename_and_path_per_machine(file_name,file_path,machine_id)
  index_dbfiles_on_container_id_and_container_type(container_type)
entities (parent_id)
experiments_sites =unique_experiment_site_pair(experiment_id,site_id)
experiments_treatments =unique_experiment_treatment_pair(experiment_id,treatment_id)
formats_variables (format_id,variable_id)
inputs (format_id) (parent_id) (site_id) (user_id)
inputs_runs !(input_id,run_id) =unique_input_run_pair(input_id,run_id)
likelihoods (input_id) (run_id) (variable_id)
machines (hostname) =unique_hostnames(hostname) =unique_sync_host_id(sync_host_id)
managements (citation_id) (user_id)
managements_treatments !(management_id,treatment_id)
methods (citation_id)
mimetypes =unique_type_string(type_string)
models (parent_id)
modeltypes !(name)
modeltypes_formats !(modeltype_id,tag)
  !index_modeltypes_formats_on_modeltype_id_format_id_input(modeltype_id,format_id,input)
pfts =unique_name_per_model(name,modeltype_id) =unique_names_per_modeltype(name,modeltype_id)
pfts_priors !(pft_id,prior_id)
pfts_species !(pft_id,specie_id)
posteriors (pft_id)
priors (citation_id) (variable_id)
runs (ensemble_id) (model_id) (site_id)
  =unique_time_interval_per_model_site_parameter_list_and_ensemble(model_id,site_id,start_time,finish_time,parameter_list,ensemble_id)
schema_migrations !unique_schema_migrations(version)
sessions (session_id) (updated_at)
sites (geometry)gist (user_id)
sites_cultivars =unique_site_id(site_id)
trait_covariate_associations !trait_covariate_associations_uniqueness(trait_variable_id,covariate_variable_id)
traits (citation_id) (cultivar_id) (entity_id) (method_id) (site_id) (specie_id) (treatment_id) (user_id)
  (variable_id)
treatments (user_id)
users !(login)
yields (citation_id) (cultivar_id) (method_id) (site_id) (specie_id) (treatment_id) (user_id)
"""
