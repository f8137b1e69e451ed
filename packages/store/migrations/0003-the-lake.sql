-- What the lake knows of pictures beyond their labels. All of it is added: a process of the version before, which may
-- still have the home open, goes on with the tables and columns it knows.

-- What is read from a picture's bytes, once, whichever projects have it.
create table fovea.facts (
  sha256 text primary key check (sha256 ~ '^[0-9a-f]{64}$'),
  format text not null,
  width integer not null check (width > 0),
  height integer not null check (height > 0),
  size_bytes bigint not null,
  orientation smallint not null,
  colour_space text not null,
  channels smallint not null,
  bits_per_channel smallint not null,
  has_alpha boolean not null,
  pages integer not null,
  perceptual_hash text not null check (perceptual_hash ~ '^[0-9a-f]{16}$'),
  -- Size of the decoded picture that the hash and all of the following were taken from: reduced where it is smaller.
  statistics_width integer not null,
  statistics_height integer not null,
  red_mean real not null,
  red_std real not null,
  red_min smallint not null,
  red_max smallint not null,
  -- 32 bins of 8 values each, in pixels of that size.
  red_histogram integer[] not null,
  green_mean real not null,
  green_std real not null,
  green_min smallint not null,
  green_max smallint not null,
  green_histogram integer[] not null,
  blue_mean real not null,
  blue_std real not null,
  blue_min smallint not null,
  blue_max smallint not null,
  blue_histogram integer[] not null,
  brightness real not null,
  contrast real not null,
  sharpness real not null,
  entropy real not null,
  camera_make text,
  camera_model text,
  lens_model text,
  exposure_seconds double precision,
  f_number real,
  iso real,
  focal_length_mm real,
  -- The camera's clock, and what it was ahead of UTC where the camera says.
  taken_at timestamp,
  taken_at_offset_minutes smallint,
  latitude double precision,
  longitude double precision,
  altitude_meters double precision,
  exif jsonb not null,
  exif_problem text
);

create table fovea.videos (
  id bigint generated always as identity primary key,
  project_id bigint not null references fovea.projects (id) on delete cascade,
  sha256 text not null check (sha256 ~ '^[0-9a-f]{64}$'),
  name text not null,
  format text not null,
  width integer not null,
  height integer not null,
  size_bytes bigint not null,
  duration_seconds double precision not null,
  frame_count integer not null,
  frame_rate double precision,
  created_at timestamptz not null default now(),
  unique (project_id, sha256)
);

-- A frame of a video has no bytes of its own unless they were asked for: its sha256 is that of its address.
alter table fovea.media add column video_id bigint references fovea.videos (id) on delete cascade;
alter table fovea.media add column time_seconds double precision;
-- Set where a person looked at the labels and found them right.
alter table fovea.media add column reviewed_at timestamptz;
-- Set where the picture was taken out of the project; it can be put back until it is collected.
alter table fovea.media add column removed_at timestamptz;
create index media_present on fovea.media (project_id, id) include (labelled) where removed_at is null;
create index media_of_bytes on fovea.media (sha256);

-- What has been taken in from where, so that looking again costs a look. Locations may be longer than an index takes.
create table fovea.sources (
  project_id bigint not null references fovea.projects (id) on delete cascade,
  location_sha256 bytea not null,
  location text not null,
  fingerprint text not null,
  -- Of the picture or video it was; null where it could not be used.
  sha256 text,
  problem_code text,
  problem_reason text,
  seen_at timestamptz not null default now(),
  -- Set where a watched folder no longer has it. The picture stays.
  gone_at timestamptz,
  primary key (project_id, location_sha256)
);
create index sources_of_bytes on fovea.sources (project_id, sha256);

-- The rest of an annotation's shape, as JSON: polygons, holes, mask, rotatedBox; key points apart, as x, y, v.
alter table fovea.annotations add column shape jsonb;
alter table fovea.annotations add column keypoints double precision[];
alter table fovea.annotations add column track_id text;
create index annotations_of_track on fovea.annotations (project_id, track_id) where track_id is not null;
-- Names and edges of its key points.
alter table fovea.classes add column skeleton jsonb;

create table fovea.media_tags (
  media_id bigint not null references fovea.media (id) on delete cascade,
  project_id bigint not null,
  tag text not null check (length(tag) between 1 and 100),
  created_at timestamptz not null default now(),
  primary key (media_id, tag)
);
create index media_tags_of_project on fovea.media_tags (project_id, tag, media_id);

-- What was done to many pictures at once, so that it can be undone.
create table fovea.media_actions (
  id bigint generated always as identity primary key,
  project_id bigint not null references fovea.projects (id) on delete cascade,
  action jsonb not null,
  -- Only those it changed; `before` is what each had, where that is not plain from the action.
  media_ids bigint[] not null,
  before text[],
  created_at timestamptz not null default now(),
  undone_at timestamptz
);
create index media_actions_of_project on fovea.media_actions (project_id, id);

create table fovea.predictions (
  id bigint generated always as identity primary key,
  media_id bigint not null references fovea.media (id) on delete cascade,
  project_id bigint not null,
  -- name@version, or the name of a pretrained one.
  model text not null,
  class_name text not null,
  confidence real not null,
  -- xyxy in pixels; null: of the picture as a whole.
  box double precision[] check (cardinality(box) = 4),
  shape jsonb,
  created_at timestamptz not null default now()
);
create index predictions_of_media on fovea.predictions (media_id);
create index predictions_of_model on fovea.predictions (project_id, model);

-- Which pictures a model has seen, be it that it found nothing.
create table fovea.media_predicted (
  media_id bigint not null references fovea.media (id) on delete cascade,
  project_id bigint not null,
  model text not null,
  predicted_at timestamptz not null default now(),
  primary key (project_id, model, media_id)
);
create index media_predicted_of_media on fovea.media_predicted (media_id);

create table fovea.embeddings (
  media_id bigint not null references fovea.media (id) on delete cascade,
  project_id bigint not null references fovea.projects (id) on delete cascade,
  -- What made it: name@version, or the name of a pretrained one.
  model text not null,
  -- float32, little-endian, of length 1.
  vector bytea not null,
  primary key (project_id, model, media_id)
);
create index embeddings_of_media on fovea.embeddings (media_id);
alter table fovea.embeddings alter column vector set storage external;

-- What was asked for, where a snapshot is not the whole project.
alter table fovea.snapshots add column query jsonb;
alter table fovea.snapshots add column description text not null default '';

-- Which pictures changed in which transaction, for the columnar mirror: it reads again what transactions touched that were
-- not all over when it last read. A row outlives its picture, so that a removal is seen too.
create table fovea.media_changes (
  media_id bigint primary key,
  project_id bigint not null,
  xid xid8 not null
);
create index media_changes_since on fovea.media_changes (project_id, xid);

create function fovea.mark_media() returns trigger language plpgsql as $$
begin
  insert into fovea.media_changes (media_id, project_id, xid)
    select id, project_id, pg_current_xact_id() from changed order by id
    on conflict (media_id) do update set xid = excluded.xid;
  return null;
end $$;

create function fovea.mark_media_of_row() returns trigger language plpgsql as $$
begin
  insert into fovea.media_changes (media_id, project_id, xid)
    select distinct media_id, project_id, pg_current_xact_id() from changed order by media_id
    on conflict (media_id) do update set xid = excluded.xid
    where media_changes.xid <> excluded.xid;
  return null;
end $$;

create function fovea.mark_media_of_facts() returns trigger language plpgsql as $$
begin
  insert into fovea.media_changes (media_id, project_id, xid)
    select m.id, m.project_id, pg_current_xact_id() from fovea.media m join changed on changed.sha256 = m.sha256
    order by m.id
    on conflict (media_id) do update set xid = excluded.xid
    where media_changes.xid <> excluded.xid;
  return null;
end $$;

create trigger media_inserted after insert on fovea.media
  referencing new table as changed for each statement execute function fovea.mark_media();
create trigger media_updated after update on fovea.media
  referencing new table as changed for each statement execute function fovea.mark_media();
create trigger media_deleted after delete on fovea.media
  referencing old table as changed for each statement execute function fovea.mark_media();

do $$
declare of_media text;
begin
  foreach of_media in array
    array['annotations', 'media_classes', 'label_map_classes', 'media_tags', 'predictions', 'media_predicted', 'embeddings']
  loop
    execute format('create trigger %1$s_inserted after insert on fovea.%1$s
      referencing new table as changed for each statement execute function fovea.mark_media_of_row()', of_media);
    execute format('create trigger %1$s_updated after update on fovea.%1$s
      referencing new table as changed for each statement execute function fovea.mark_media_of_row()', of_media);
    execute format('create trigger %1$s_deleted after delete on fovea.%1$s
      referencing old table as changed for each statement execute function fovea.mark_media_of_row()', of_media);
  end loop;
end $$;

create trigger facts_inserted after insert on fovea.facts
  referencing new table as changed for each statement execute function fovea.mark_media_of_facts();
create trigger facts_updated after update on fovea.facts
  referencing new table as changed for each statement execute function fovea.mark_media_of_facts();
create trigger facts_deleted after delete on fovea.facts
  referencing old table as changed for each statement execute function fovea.mark_media_of_facts();

insert into fovea.media_changes (media_id, project_id, xid)
  select id, project_id, pg_current_xact_id() from fovea.media;
