-- Classes of whole pictures, and classes of pixels. They have tables of their own beside that of boxes: a process of the
-- version before, which may still have the home open, goes on reading boxes that are boxes.

-- Null: what `labelled` says, as it was when boxes were the only labels.
alter table fovea.media add column boxed boolean;

create table fovea.media_classes (
  media_id bigint not null references fovea.media (id) on delete cascade,
  project_id bigint not null,
  class_index integer not null,
  primary key (media_id, class_index),
  foreign key (project_id, class_index) references fovea.classes (project_id, index) on delete cascade
);
create index media_classes_of_class on fovea.media_classes (project_id, class_index, media_id);

create table fovea.label_maps (
  media_id bigint primary key references fovea.media (id) on delete cascade,
  project_id bigint not null references fovea.projects (id) on delete cascade,
  sha256 text not null check (sha256 ~ '^[0-9a-f]{64}$')
);
create index label_maps_of_project on fovea.label_maps (project_id);

create table fovea.label_map_classes (
  media_id bigint not null references fovea.label_maps (media_id) on delete cascade,
  project_id bigint not null,
  class_index integer not null,
  pixels bigint not null check (pixels > 0),
  primary key (media_id, class_index),
  foreign key (project_id, class_index) references fovea.classes (project_id, index) on delete cascade
);
create index label_map_classes_of_class on fovea.label_map_classes (project_id, class_index, media_id);
