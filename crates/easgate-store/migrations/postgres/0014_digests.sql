-- A digest of what a run last said of a device, so that a run finds out what differs without reading all of it.
ALTER TABLE devices ADD COLUMN digest BIGINT NOT NULL DEFAULT 0;
